package org.vit4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Weight;
import org.vit4j.io.Atomic;
import org.vit4j.io.Failure;
import org.vit4j.samediff.Parameters;
import org.vit4j.weights.SafeTensors;

/**
 * What a run is resumed from: {@code step-N.safetensors} with the weights and the optimizer's arrays, and {@code
 * step-N.json}, written after it, with the {@link TrainState} and the checksum of the former. A pair that is torn or
 * damaged is passed over for the one before.
 */
final class Checkpoint {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoint.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path directory;
    private final int keep;

    Checkpoint(Path directory, int keep) {
        this.directory = directory;
        this.keep = keep;
    }

    void save(TrainState state, Parameters parameters, Optimizer.State optimizer) {
        Path arrays = directory.resolve(String.format("step-%09d.safetensors", state.step()));
        List<SafeTensors.Source> sources = sources(parameters, optimizer);
        Atomic.write(
                arrays, temporary -> SafeTensors.write(temporary, sources, Map.of("format", "vit4j-checkpoint-1")));
        Atomic.write(beside(arrays), temporary -> {
            Map<String, Object> content = Map.of("state", state, "sha256", sha256(arrays));
            JSON.writerWithDefaultPrettyPrinter().writeValue(temporary.toFile(), content);
        });
        forgetOld();
    }

    /** Fills parameters and optimizer from the newest checkpoint that is whole; empty when there is none. */
    Optional<TrainState> resume(Parameters parameters, Optimizer.State optimizer) {
        for (Path arrays : newestFirst()) {
            try {
                JsonNode content = JSON.readTree(beside(arrays).toFile());
                if (!sha256(arrays).equals(content.path("sha256").asText())) throw new IOException("wrong checksum");
                TrainState state = JSON.treeToValue(content.path("state"), TrainState.class);
                fill(arrays, parameters, optimizer);
                optimizer.resume(state.step());
                return Optional.of(state);
            } catch (IOException | ConfigError e) {
                LOG.warn("{}: damaged ({}), trying the one before", arrays, e.getMessage());
            }
        }
        return Optional.empty();
    }

    private static List<SafeTensors.Source> sources(Parameters parameters, Optimizer.State optimizer) {
        List<SafeTensors.Source> sources = new ArrayList<>();
        for (Weight weight : parameters.weights()) {
            String name = weight.name();
            sources.add(new SafeTensors.Source(name, weight.shape().toArray(), () -> parameters.values(name)));
        }
        // One array a weight, since a Java array holds no more than 2^31 values.
        optimizer
                .arrays()
                .forEach((kind, flat) -> parameters.offsets().forEach((name, from) -> {
                    Shape shape = parameters.weight(name).shape();
                    INDArray view = Parameters.view(flat, from, shape);
                    sources.add(new SafeTensors.Source(
                            "optimizer." + kind + "/" + name,
                            shape.toArray(),
                            () -> view.dup('c').data().asFloat()));
                }));
        return sources;
    }

    private static void fill(Path file, Parameters parameters, Optimizer.State optimizer) {
        Map<String, SafeTensors.Array> arrays = SafeTensors.read(file);
        for (Weight weight : parameters.weights()) parameters.set(weight.name(), values(file, arrays, weight.name()));
        optimizer
                .arrays()
                .forEach((kind, flat) -> parameters.offsets().forEach((name, from) -> {
                    float[] values = values(file, arrays, "optimizer." + kind + "/" + name);
                    INDArray view =
                            Parameters.view(flat, from, parameters.weight(name).shape());
                    view.assign(Nd4j.createFromArray(values).reshape('c', view.shape()));
                }));
    }

    private static float[] values(Path file, Map<String, SafeTensors.Array> arrays, String name) {
        SafeTensors.Array array = arrays.get(name);
        if (array == null) {
            throw new ConfigError(file + ": has no '" + name + "'; it was made with another model or optimizer");
        }
        return array.values();
    }

    private List<Path> newestFirst() {
        if (!Files.isDirectory(directory)) return List.of();
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".safetensors"))
                    .sorted(Comparator.comparing(Path::toString).reversed())
                    .toList();
        } catch (IOException e) {
            throw new Failure(directory + ": cannot be read: " + Atomic.reason(e), e);
        }
    }

    private void forgetOld() {
        List<Path> all = newestFirst();
        for (Path old : all.subList(Math.min(keep, all.size()), all.size())) {
            try {
                Files.deleteIfExists(beside(old));
                Files.deleteIfExists(old);
            } catch (IOException e) {
                LOG.warn("{}: cannot be deleted: {}", old, Atomic.reason(e));
            }
        }
    }

    private static Path beside(Path arrays) {
        return arrays.resolveSibling(arrays.getFileName().toString().replace(".safetensors", ".json"));
    }

    static String sha256(Path file) throws IOException {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of()
                    .formatHex(((DigestInputStream) in).getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
