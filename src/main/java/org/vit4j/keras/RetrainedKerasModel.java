package org.vit4j.keras;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Shape;

/**
 * Weights of a vit4j model that was trained and saved by Keras. Keras drops the entries below {@code vit4j/} and
 * renumbers the weight groups, so the original file is needed to map weights to layers.
 *
 * <pre>{@code
 * try (KerasFile original = KerasFile.read(Path.of("model.keras"));
 *         RetrainedKerasModel trained = RetrainedKerasModel.read(Path.of("trained.keras"), original)) {
 *     float[] kernel = trained.values("head.kernel");
 * }
 * }</pre>
 */
public final class RetrainedKerasModel implements AutoCloseable, WeightSource {
    /** Keras saves optimizer moments and averaged weights with the weights. */
    private static final int MAX_COPIES = 8;
    /** Upper bound of the headers that the HDF5 library writes per layer, in bytes. */
    private static final long OVERHEAD = 32 << 10;

    private final String label;
    private final String version;
    private final KerasFile original;
    private final FunctionalConfig originalConfig;
    private final FunctionalConfig trainedConfig;
    private final Map<String, String> layerNames = new HashMap<>();
    private final ExtractedHdf5 weights;

    private RetrainedKerasModel(
            String label,
            String version,
            KerasFile original,
            FunctionalConfig originalConfig,
            FunctionalConfig trainedConfig,
            ExtractedHdf5 weights) {
        this.label = label;
        this.version = version;
        this.original = original;
        this.originalConfig = originalConfig;
        this.trainedConfig = trainedConfig;
        this.weights = weights;
        for (FunctionalConfig.KerasOperation operation : originalConfig.operations())
            layerNames.put(operation.group(), operation.name());
    }

    /**
     * Opens the file and checks that its weights can be imported: the network is the same, shared weights are still
     * equal, and constants that are not parameters of the network are unchanged.
     *
     * @param original the file that Keras opened; must stay open as long as the result
     * @throws ConfigError naming the file and the problem
     */
    public static RetrainedKerasModel read(Path path, KerasFile original) {
        try (KerasZip zip = KerasZip.open(path)) {
            KerasFile.checkEntries(zip);
            JsonNode metadata = KerasFile.json(zip, KerasFile.METADATA);
            JsonNode config = KerasFile.json(zip, KerasFile.CONFIG);
            FunctionalConfig originalConfig = functionalConfig(original);
            String label = path + ": " + KerasFile.CONFIG;
            FunctionalConfig trainedConfig =
                    GraphComparison.find(originalConfig, FunctionalConfig.all(config, label), label);
            checkSize(zip, original, trainedConfig);
            ExtractedHdf5 weights = ExtractedHdf5.of(zip, path + ": " + KerasFile.WEIGHTS);
            String version = metadata.path("keras_version").asText("unknown");
            RetrainedKerasModel read =
                    new RetrainedKerasModel(path.toString(), version, original, originalConfig, trainedConfig, weights);
            try {
                read.check();
                return read;
            } catch (ConfigError e) {
                read.close();
                throw e;
            }
        } catch (IOException e) {
            throw new ConfigError(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static FunctionalConfig functionalConfig(KerasFile original) {
        List<FunctionalConfig> found = FunctionalConfig.all(original.config(), original.label());
        if (found.size() == 1) return found.get(0);
        throw new ConfigError(original.label() + ": expected one Functional model, got " + found.size());
    }

    private static void checkSize(KerasZip zip, KerasFile original, FunctionalConfig trainedConfig) {
        long layers = trainedConfig.operations().size() + OVERHEAD / 1024;
        long maxBytes = MAX_COPIES * original.index().bytes() + OVERHEAD * layers;
        long size = zip.size(KerasFile.WEIGHTS);
        if (size <= maxBytes) return;
        throw zip.error(String.format(
                Locale.ROOT,
                "%s has %d bytes, expected at most %d for weights and optimizer of this network",
                KerasFile.WEIGHTS,
                size,
                maxBytes));
    }

    private void check() {
        for (Map.Entry<String, WeightIndex.CopiedWeight> entry :
                original.index().copies().entrySet()) {
            checkCopy(entry.getKey(), entry.getValue());
        }
        for (Map.Entry<String, WeightIndex.HelperWeight> entry :
                original.index().helpers().entrySet()) {
            checkHelper(entry.getKey(), entry.getValue());
        }
        for (String name : original.index().weights().keySet()) checkFinite(name, values(name));
    }

    private void checkFinite(String name, float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new ConfigError(label + ": " + name + " contains " + value + ": the training diverged");
            }
        }
    }

    /** Checks that two Keras layers that share one parameter still have equal values. */
    private void checkCopy(String path, WeightIndex.CopiedWeight copy) {
        float[] before = original.dataset(path, copy.stored());
        float[] after = trainedDataset(path, copy.stored());
        boolean same = Arrays.equals(before, original.values(copy.weight()));
        if (same ? Arrays.equals(after, values(copy.weight())) : Arrays.equals(after, before)) return;
        String layer = layer(path);
        throw new ConfigError(
                same
                        ? String.format(
                                Locale.ROOT,
                                "%s: layer '%s' shares the weight '%s' with other layers but was trained separately;"
                                        + " %s before training, and in the same way %s",
                                label,
                                layer,
                                copy.weight(),
                                freeze(layer),
                                others(layer, copy.weight()))
                        : String.format(
                                Locale.ROOT,
                                "%s: layer '%s' was trained as a plain convolution, but its kernel is '%s' normalized"
                                        + " to zero mean and unit variance; %s before training",
                                label,
                                layer,
                                copy.weight(),
                                freeze(layer)));
    }

    /** Checks that a constant is unchanged. Kernels with zero input may change: they do not affect the output. */
    private void checkHelper(String path, WeightIndex.HelperWeight helper) {
        float[] before = original.dataset(path, helper.shape());
        float[] after = trainedDataset(path, helper.shape());
        if (Arrays.equals(after, before)) return;
        checkFinite(path, after);
        String layer = layer(path);
        if (helper.variable().equals("kernel") && hasZeroInput(layer)) return;
        throw new ConfigError(String.format(
                Locale.ROOT,
                "%s: the %s of layer '%s' is a constant that was changed by training and has no parameter in the"
                        + " network; %s before training",
                label,
                helper.variable(),
                layer,
                freeze(layer)));
    }

    /** Names of the other layers with a dataset of a weight, quoted. */
    private String others(String layer, String weight) {
        Stream<String> copies = original.index().copies().entrySet().stream()
                .filter(entry -> entry.getValue().weight().equals(weight))
                .map(Map.Entry::getKey);
        return Stream.concat(Stream.of(original.index().weights().get(weight).path()), copies)
                .map(this::layer)
                .distinct()
                .filter(name -> !name.equals(layer))
                .map(name -> "'" + name + "'")
                .collect(Collectors.joining(", "));
    }

    private static String freeze(String layer) {
        return "freeze it with model.get_layer('" + layer + "').trainable = False";
    }

    /** Returns true if the layer's input is always zero, because it passes through a scale of zero. */
    private boolean hasZeroInput(String layer) {
        FunctionalConfig.KerasOperation at = originalConfig.operation(layer);
        while (at != null && at.inputs().size() == 1) {
            at = originalConfig.operation(at.inputs().get(0));
            if (at == null) return false;
            if (at.className().equals("Rescaling")) {
                return at.config().path("scale").asDouble(1) == 0
                        && at.config().path("offset").asDouble(1) == 0;
            }
            if (!at.className().equals("RepeatVector")) return false;
        }
        return false;
    }

    /** Name of the layer that owns a dataset of the original. */
    private String layer(String path) {
        String layer = layerNames.get(path.substring(0, Math.max(path.indexOf("/vars/"), 0)));
        if (layer == null) throw new ConfigError(original.label() + ": no layer has the weights " + path);
        return layer;
    }

    /** Trained values of a dataset of the original. */
    private float[] trainedDataset(String path, Shape stored) {
        String group = trainedConfig.operation(layer(path)).group();
        return weights.hdf5().floats(group + path.substring(path.indexOf("/vars/")), stored);
    }

    /** Returns the trained values of a parameter, or the original ones if no Keras layer uses it. */
    @Override
    public float[] values(String name) {
        WeightIndex.StoredWeight entry = original.index().weights().get(name);
        if (entry == null) throw new ConfigError(label + ": missing weight '" + name + "'");
        return isInLayer(entry) ? trainedDataset(entry.path(), entry.stored()) : original.values(name);
    }

    private static boolean isInLayer(WeightIndex.StoredWeight entry) {
        return entry.path().startsWith("layers/");
    }

    /** Version of Keras that saved the file. */
    public String version() {
        return version;
    }

    /** Parameters that the logits do not depend on. Keras did not load them, so they keep their original values. */
    public List<String> unusedWeights() {
        List<String> unused = new ArrayList<>();
        original.index().weights().forEach((name, entry) -> {
            if (!isInLayer(entry)) unused.add(name);
        });
        return unused;
    }

    @Override
    public void close() {
        weights.close();
    }
}
