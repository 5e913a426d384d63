package org.vit4j.keras;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;

/**
 * A {@code .keras} file written by vit4j. Unmodified Keras 3 can open it; entries below {@code vit4j/} are used by
 * vit4j only. Weights are read lazily, so keep it open while reading them.
 */
public final class KerasFile implements AutoCloseable, WeightSource {
    static final String METADATA = "metadata.json";
    static final String CONFIG = "config.json";
    static final String WEIGHTS = "model.weights.h5";
    static final String EXTRAS = "vit4j/";
    static final String INDEX = "weights.json";

    private static final int MAX_JSON_BYTES = 8 << 20;
    /** Tables of relative positions, with an entry for each pair of tokens, are part of {@code config.json}. */
    private static final int MAX_CONFIG_BYTES = 256 << 20;

    private static final int MAX_EXTRAS_BYTES = 64 << 20;
    /** Upper bound of the HDF5 headers per dataset, in bytes. */
    private static final long OVERHEAD = 1024;

    private final String label;
    private final JsonNode metadata;
    private final JsonNode config;
    private final Map<String, byte[]> extras;
    private final WeightIndex index;
    private final ExtractedHdf5 weights;

    private KerasFile(
            String label,
            JsonNode metadata,
            JsonNode config,
            Map<String, byte[]> extras,
            WeightIndex index,
            ExtractedHdf5 weights) {
        this.label = label;
        this.metadata = metadata;
        this.config = config;
        this.extras = extras;
        this.index = index;
        this.weights = weights;
    }

    /**
     * Writes the file atomically, after it was read back to verify that all weights are bit-identical. Output is
     * deterministic.
     *
     * @param weights values of all parameters of the graph; called three times for each
     * @param extras additional files by name: {@code config.yaml}, {@code labels.json}
     * @throws RunException if the file cannot be written or does not read back; an existing file is then unchanged
     */
    public static void write(Path path, KerasModel model, WeightSource weights, Map<String, byte[]> extras) {
        AtomicFiles.write(path, temporary -> {
            KerasWriter.write(temporary, model, weights, extras);
            verify(temporary, path, weights);
        });
    }

    private static void verify(Path written, Path target, WeightSource weights) {
        try (KerasFile file = read(written)) {
            for (String name : file.index().weights().keySet()) {
                if (!Arrays.equals(file.values(name), weights.values(name)))
                    throw new RunException(target + ": " + name + " differs after reading the file back");
            }
        } catch (ConfigError e) {
            throw new RunException(target + ": cannot be read back after writing: " + e.getMessage(), e);
        }
    }

    /**
     * Opens a file written by {@link #write}.
     *
     * @throws ConfigError naming the file and the problem
     */
    public static KerasFile read(Path path) {
        try (KerasZip zip = KerasZip.open(path)) {
            checkEntries(zip);
            if (!zip.has(EXTRAS + INDEX)) {
                throw zip.error("missing " + EXTRAS + INDEX
                        + ": the file was not written by vit4j, or was saved again by Keras, which drops this entry;"
                        + " import the latter with: vit4j import --like ORIGINAL.keras");
            }
            JsonNode metadata = json(zip, METADATA);
            JsonNode config = json(zip, CONFIG);
            Map<String, byte[]> extras = extras(zip);
            WeightIndex index = WeightIndex.parse(extras.remove(INDEX), path + ": " + EXTRAS + INDEX);
            checkSize(zip, index);
            ExtractedHdf5 weights = ExtractedHdf5.of(zip, path + ": " + WEIGHTS);
            return new KerasFile(path.toString(), metadata, config, extras, index, weights);
        } catch (IOException e) {
            throw new ConfigError(path + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    static void checkEntries(KerasZip zip) {
        if (!zip.has(CONFIG) || !zip.has(WEIGHTS) || !zip.has(METADATA)) {
            throw zip.error("not a Keras 3 file; expected entries " + METADATA + ", " + CONFIG + " and " + WEIGHTS);
        }
    }

    private static Map<String, byte[]> extras(KerasZip zip) throws IOException {
        Map<String, byte[]> extras = new LinkedHashMap<>();
        int remaining = MAX_EXTRAS_BYTES;
        for (String name : zip.names()) {
            if (!name.startsWith(EXTRAS) || name.endsWith("/")) continue;
            byte[] bytes = zip.bytes(name, name.equals(EXTRAS + INDEX) ? MAX_JSON_BYTES : remaining);
            remaining -= bytes.length;
            extras.put(name.substring(EXTRAS.length()), bytes);
        }
        return extras;
    }

    /** Checks the unpacked size against the index before anything is extracted to disk. */
    private static void checkSize(KerasZip zip, WeightIndex index) {
        long minBytes = index.bytes();
        long maxBytes = minBytes + OVERHEAD * (index.datasets() + OVERHEAD);
        long size = zip.size(WEIGHTS);
        if (size < minBytes || size > maxBytes) {
            throw zip.error(String.format(
                    Locale.ROOT, "%s has %d bytes, expected %d to %d", WEIGHTS, size, minBytes, maxBytes));
        }
    }

    static JsonNode json(KerasZip zip, String name) throws IOException {
        byte[] bytes = zip.bytes(name, name.equals(CONFIG) ? MAX_CONFIG_BYTES : MAX_JSON_BYTES);
        try {
            JsonNode json = KerasJson.JSON.readTree(bytes);
            if (json.isObject()) return json;
            throw zip.error(name + " is not a JSON object");
        } catch (JsonProcessingException e) {
            throw new ConfigError(zip.label() + ": " + name + " is not valid JSON", e);
        }
    }

    /** Content of {@code metadata.json}: the Keras version. */
    public JsonNode metadata() {
        return metadata;
    }

    String label() {
        return label;
    }

    JsonNode config() {
        return config;
    }

    WeightIndex index() {
        return index;
    }

    /** Reads a dataset by its path, including copies and helper constants. */
    float[] dataset(String path, Shape stored) {
        return weights.hdf5().floats(path, stored);
    }

    /** Additional files given to {@link #write}, by name. */
    public Map<String, byte[]> extras() {
        return Collections.unmodifiableMap(extras);
    }

    /**
     * Returns one additional file.
     *
     * @throws ConfigError if it is missing
     */
    public byte[] extra(String name) {
        byte[] extra = extras.get(name);
        if (extra == null) throw new ConfigError(label + ": missing " + EXTRAS + name);
        return extra.clone();
    }

    /** Shapes of all parameters by vit4j name. */
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        index.weights().forEach((name, entry) -> shapes.put(name, entry.shape()));
        return shapes;
    }

    /**
     * Checks that the file contains exactly the parameters of a graph, in the right shapes.
     *
     * @throws ConfigError naming a missing, unexpected or misshapen weight
     */
    public void check(Graph graph) {
        TreeSet<String> unexpected = new TreeSet<>(index.weights().keySet());
        for (Parameter weight : graph.parameters()) {
            WeightIndex.StoredWeight entry = index.weights().get(weight.name());
            if (entry == null) throw new ConfigError(label + ": missing weight '" + weight.name() + "'");
            if (!entry.shape().equals(weight.shape())) {
                throw new ConfigError(String.format(
                        Locale.ROOT,
                        "%s: weight '%s' has shape %s, expected %s",
                        label,
                        weight.name(),
                        entry.shape(),
                        weight.shape()));
            }
            unexpected.remove(weight.name());
        }
        if (!unexpected.isEmpty()) throw new ConfigError(label + ": unexpected weight '" + unexpected.first() + "'");
    }

    @Override
    public float[] values(String name) {
        WeightIndex.StoredWeight entry = index.weights().get(name);
        if (entry == null) throw new ConfigError(label + ": missing weight '" + name + "'");
        return weights.hdf5().floats(entry.path(), entry.stored());
    }

    @Override
    public void close() {
        weights.close();
    }
}
