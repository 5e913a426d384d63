package org.vit4j.keras;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
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

/**
 * A {@code .keras} file of ours: stock Keras 3 opens it, and it carries below {@code vit4j/} what only we need. Weights
 * are read when they are asked for; close it when that is done.
 */
public final class KerasFile implements AutoCloseable, WeightSource {
    static final String METADATA = "metadata.json";
    static final String CONFIG = "config.json";
    static final String WEIGHTS = "model.weights.h5";
    static final String EXTRAS = "vit4j/";
    static final String INDEX = "weights.json";

    private static final int LARGEST_JSON = 8 << 20;
    private static final int LARGEST_EXTRAS = 64 << 20;
    /** Headers around a dataset of ours, generously. */
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
     * Writes the file whole or not at all. The same model, weights and extras give the same bytes.
     *
     * @param weights asked for every weight of the graph the model was made from, twice each
     * @param extras what to carry along, by name: {@code config.yaml}, {@code labels.json}
     */
    public static void write(Path path, KerasModel model, WeightSource weights, Map<String, byte[]> extras) {
        AtomicFiles.write(path, temporary -> KerasWriter.write(temporary, model, weights, extras));
    }

    /**
     * Opens a file that {@link #write} made.
     *
     * @throws ConfigError naming the file and what is wrong with it
     */
    public static KerasFile read(Path path) {
        try (KerasZip zip = KerasZip.open(path)) {
            checkEntries(zip);
            if (!zip.has(EXTRAS + INDEX)) {
                throw zip.error("a Keras file without " + EXTRAS + INDEX
                        + ": not written by vit4j, or saved again by Keras, which drops what is not its own;"
                        + " the latter comes back with: vit4j import --like ORIGINAL.keras");
            }
            JsonNode metadata = json(zip, METADATA);
            JsonNode config = json(zip, CONFIG);
            Map<String, byte[]> extras = extras(zip);
            WeightIndex index = WeightIndex.parse(extras.remove(INDEX), path + ": " + EXTRAS + INDEX);
            checkSize(zip, index);
            ExtractedHdf5 weights = ExtractedHdf5.of(zip, path + ": " + WEIGHTS);
            return new KerasFile(path.toString(), metadata, config, extras, index, weights);
        } catch (IOException e) {
            throw new ConfigError(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    static void checkEntries(KerasZip zip) {
        if (!zip.has(CONFIG) || !zip.has(WEIGHTS) || !zip.has(METADATA)) {
            throw zip.error("not a Keras 3 file: it needs " + METADATA + ", " + CONFIG + " and " + WEIGHTS);
        }
    }

    private static Map<String, byte[]> extras(KerasZip zip) throws IOException {
        Map<String, byte[]> extras = new LinkedHashMap<>();
        int left = LARGEST_EXTRAS;
        for (String name : zip.names()) {
            if (!name.startsWith(EXTRAS) || name.endsWith("/")) continue;
            byte[] bytes = zip.bytes(name, name.equals(EXTRAS + INDEX) ? LARGEST_JSON : left);
            left -= bytes.length;
            extras.put(name.substring(EXTRAS.length()), bytes);
        }
        return extras;
    }

    /** What is unpacked onto the disk may not be larger than the weights it says it holds. */
    private static void checkSize(KerasZip zip, WeightIndex index) {
        long least = index.bytes();
        long most = least + OVERHEAD * (index.datasets() + OVERHEAD);
        long size = zip.size(WEIGHTS);
        if (size < least || size > most) {
            throw zip.error(String.format(
                    Locale.ROOT, "%s has %d bytes, its weights need %d to %d", WEIGHTS, size, least, most));
        }
    }

    static JsonNode json(KerasZip zip, String name) throws IOException {
        byte[] bytes = zip.bytes(name, LARGEST_JSON);
        try {
            JsonNode json = KerasJson.JSON.readTree(bytes);
            if (json.isObject()) return json;
            throw zip.error(name + " is no JSON object");
        } catch (JsonProcessingException e) {
            throw new ConfigError(zip.label() + ": " + name + " is no JSON", e);
        }
    }

    /** What {@code metadata.json} says: which Keras the file is for. */
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

    /** A dataset by its path, whether it is a weight of ours or not. */
    float[] dataset(String path, Shape stored) {
        return weights.hdf5().floats(path, stored);
    }

    /** What was handed to {@link #write}, by name. */
    public Map<String, byte[]> extras() {
        return Collections.unmodifiableMap(extras);
    }

    /** One of the extras, which must be there. */
    public byte[] extra(String name) {
        byte[] extra = extras.get(name);
        if (extra == null) throw new ConfigError(label + ": there is no " + EXTRAS + name + " in it");
        return extra.clone();
    }

    /** The shapes of all weights, by our names. */
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        index.weights().forEach((name, place) -> shapes.put(name, place.shape()));
        return shapes;
    }

    /** Makes sure that these are the weights of this graph, each of them, in the right shape, and no others. */
    public void check(Graph graph) {
        TreeSet<String> left = new TreeSet<>(index.weights().keySet());
        for (Parameter weight : graph.parameters()) {
            WeightIndex.StoredWeight place = index.weights().get(weight.name());
            if (place == null) throw new ConfigError(label + ": there is no weight '" + weight.name() + "' in it");
            if (!place.shape().equals(weight.shape())) {
                throw new ConfigError(String.format(
                        Locale.ROOT,
                        "%s: weight '%s' has shape %s, expected %s",
                        label,
                        weight.name(),
                        place.shape(),
                        weight.shape()));
            }
            left.remove(weight.name());
        }
        if (!left.isEmpty()) throw new ConfigError(label + ": the model has no weight '" + left.first() + "'");
    }

    @Override
    public float[] values(String name) {
        WeightIndex.StoredWeight place = index.weights().get(name);
        if (place == null) throw new ConfigError(label + ": there is no weight '" + name + "' in it");
        return weights.hdf5().floats(place.path(), place.stored());
    }

    @Override
    public void close() {
        weights.close();
    }
}
