package org.vit4j.run;

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
import org.vit4j.train.TrainState;

/**
 * Manifest of a checkpoint: training state, checksum of the file with the arrays, and a checksum of the manifest
 * itself.
 *
 * @param sha256 checksum of the file with the arrays
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
     * Reads a manifest.
     *
     * @throws IOException if the file is damaged
     * @throws RunException if the file is valid but was written by an incompatible version
     */
    static CheckpointManifest read(Path file) throws IOException {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new IOException("invalid JSON or missing keys", e);
        }
        if (!(root instanceof ObjectNode node) || !node.hasNonNull("state") || !node.hasNonNull("sha256")) {
            throw new IOException("invalid JSON or missing keys");
        }
        // The first release wrote no checksum.
        JsonNode expected = node.remove(CHECKSUM);
        if (expected != null && !expected.asText().equals(checksum(node))) throw new IOException("wrong checksum");
        try {
            TrainState state = JSON.treeToValue(node.get("state"), TrainState.class);
            return new CheckpointManifest(state, node.get("sha256").asText());
        } catch (MismatchedInputException e) {
            throw new RunException(
                    file + ": written by another version of vit4j ("
                            + e.getOriginalMessage().lines().findFirst().orElse("")
                            + "); continue with that version, or start a new run without --resume, which moves this one"
                            + " aside",
                    e);
        }
    }

    private static String checksum(ObjectNode node) throws JsonProcessingException {
        try {
            byte[] text = JSON.writeValueAsString(node).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
