package org.vit4j.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.vit4j.io.RunException;

/**
 * What lies beside the arrays of a checkpoint: where the run stood, the checksum of the arrays, and one of its own.
 *
 * @param sha256 of the file with the arrays
 */
record CheckpointManifest(TrainState state, String sha256) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CHECKSUM = "checksum";

    void write(Path file) throws IOException {
        ObjectNode node = JSON.createObjectNode();
        node.set("state", JSON.valueToTree(state));
        node.put("sha256", sha256);
        node.put(CHECKSUM, checksum(node));
        JSON.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), node);
    }

    /**
     * Reads one.
     *
     * @throws IOException when it is damaged
     * @throws RunException when it is whole, and says things this version does not know
     */
    static CheckpointManifest read(Path file) throws IOException {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new IOException("not the JSON it was", e);
        }
        if (!(root instanceof ObjectNode node) || !node.hasNonNull("state") || !node.hasNonNull("sha256")) {
            throw new IOException("not the JSON it was");
        }
        // The first release wrote none.
        JsonNode noted = node.remove(CHECKSUM);
        if (noted != null && !noted.asText().equals(checksum(node))) throw new IOException("wrong checksum");
        try {
            TrainState state = JSON.treeToValue(node.get("state"), TrainState.class);
            return new CheckpointManifest(state, node.get("sha256").asText());
        } catch (MismatchedInputException e) {
            throw new RunException(
                    file + ": written by another version of vit4j ("
                            + e.getOriginalMessage().lines().findFirst().orElse("")
                            + "); go on with that one, or start anew without --resume, which moves this run aside",
                    e);
        }
    }

    private static String checksum(ObjectNode node) throws JsonProcessingException {
        try {
            byte[] text = JSON.writeValueAsString(node).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
