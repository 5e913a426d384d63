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
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Shape;

/**
 * The weights of a file of ours that Keras opened, trained and saved again. Keras drops what is not its own and numbers
 * the groups of weights anew, so the original says which weight belongs to which layer.
 *
 * <pre>{@code
 * try (KerasFile original = KerasFile.read(Path.of("model.keras"));
 *         Retrained trained = Retrained.read(Path.of("trained.keras"), original)) {
 *     float[] kernel = trained.values("head.kernel");
 * }
 * }</pre>
 */
public final class RetrainedKerasModel implements AutoCloseable, WeightSource {
    /** Moments of an optimizer, averages of weights: Keras saves them beside the weights. */
    private static final int COPIES = 8;
    /** Headers of a layer as HDF5's own library writes them, generously. */
    private static final long OVERHEAD = 32 << 10;

    private final String label;
    private final String version;
    private final KerasFile original;
    private final FunctionalConfig ours;
    private final FunctionalConfig theirs;
    private final Map<String, String> names = new HashMap<>();
    private final ExtractedHdf5 weights;

    private RetrainedKerasModel(
            String label,
            String version,
            KerasFile original,
            FunctionalConfig ours,
            FunctionalConfig theirs,
            ExtractedHdf5 weights) {
        this.label = label;
        this.version = version;
        this.original = original;
        this.ours = ours;
        this.theirs = theirs;
        this.weights = weights;
        for (FunctionalConfig.KerasOperation operation : ours.operations())
            names.put(operation.group(), operation.name());
    }

    /**
     * Opens it and makes sure that our network can take what is in it: it is the same network, what belongs together
     * stayed together, and what our network has no weight for did not move.
     *
     * @param original the file that Keras opened; to be closed after this
     * @throws ConfigError naming the file and what does not fit
     */
    public static RetrainedKerasModel read(Path path, KerasFile original) {
        try (KerasZip zip = KerasZip.open(path)) {
            KerasFile.checkEntries(zip);
            JsonNode metadata = KerasFile.json(zip, KerasFile.METADATA);
            JsonNode config = KerasFile.json(zip, KerasFile.CONFIG);
            FunctionalConfig ours = only(original);
            String label = path + ": " + KerasFile.CONFIG;
            FunctionalConfig theirs = GraphComparison.find(ours, FunctionalConfig.all(config, label), label);
            checkSize(zip, original, theirs);
            ExtractedHdf5 weights = ExtractedHdf5.of(zip, path + ": " + KerasFile.WEIGHTS);
            String version = metadata.path("keras_version").asText("unknown");
            RetrainedKerasModel read =
                    new RetrainedKerasModel(path.toString(), version, original, ours, theirs, weights);
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

    private static FunctionalConfig only(KerasFile original) {
        List<FunctionalConfig> found = FunctionalConfig.all(original.config(), original.label());
        if (found.size() == 1) return found.get(0);
        throw new ConfigError(original.label() + ": expected one Functional model in it, got " + found.size());
    }

    private static void checkSize(KerasZip zip, KerasFile original, FunctionalConfig theirs) {
        long layers = theirs.operations().size() + OVERHEAD / 1024;
        long most = COPIES * original.index().bytes() + OVERHEAD * layers;
        long size = zip.size(KerasFile.WEIGHTS);
        if (size <= most) return;
        throw zip.error(String.format(
                Locale.ROOT,
                "%s has %d bytes, weights and optimizer of this network need at most %d",
                KerasFile.WEIGHTS,
                size,
                most));
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
        for (String name : original.index().weights().keySet()) finite(name, values(name));
    }

    private void finite(String name, float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new ConfigError(label + ": " + name + " has the value " + value + ": the training diverged");
            }
        }
    }

    /** Two layers of Keras that share a weight of ours must still have the same values. */
    private void checkCopy(String path, WeightIndex.CopiedWeight copy) {
        float[] before = original.dataset(path, copy.stored());
        float[] after = moved(path, copy.stored());
        boolean same = Arrays.equals(before, original.values(copy.weight()));
        if (same ? Arrays.equals(after, values(copy.weight())) : Arrays.equals(after, before)) return;
        String layer = layer(path);
        throw new ConfigError(
                same
                        ? String.format(
                                Locale.ROOT,
                                "%s: layer '%s' shares the weight '%s' with others and was trained apart from them;"
                                        + " %s before training",
                                label,
                                layer,
                                copy.weight(),
                                freeze(layer))
                        : String.format(
                                Locale.ROOT,
                                "%s: layer '%s' was trained as a plain convolution, but its kernel is '%s' brought to"
                                        + " zero mean and unit variance; %s before training",
                                label,
                                layer,
                                copy.weight(),
                                freeze(layer)));
    }

    /** A kernel over zeros adds nothing, whatever it became; any other constant is part of what is computed. */
    private void checkHelper(String path, WeightIndex.HelperWeight helper) {
        float[] before = original.dataset(path, helper.shape());
        float[] after = moved(path, helper.shape());
        if (Arrays.equals(after, before)) return;
        finite(path, after);
        String layer = layer(path);
        if (helper.variable().equals("kernel") && overZeros(layer)) return;
        throw new ConfigError(String.format(
                Locale.ROOT,
                "%s: the %s of layer '%s' is a constant that training moved, and there is no weight it could be folded"
                        + " into; %s before training",
                label,
                helper.variable(),
                layer,
                freeze(layer)));
    }

    private static String freeze(String layer) {
        return "freeze it with model.get_layer('" + layer + "').trainable = False";
    }

    /** Whether everything this layer sees is zero: it stands behind a scale of zero. */
    private boolean overZeros(String layer) {
        FunctionalConfig.KerasOperation at = ours.operation(layer);
        while (at != null && at.inputs().size() == 1) {
            at = ours.operation(at.inputs().get(0));
            if (at == null) return false;
            if (at.className().equals("Rescaling")) {
                return at.config().path("scale").asDouble(1) == 0
                        && at.config().path("offset").asDouble(1) == 0;
            }
            if (!at.className().equals("RepeatVector")) return false;
        }
        return false;
    }

    /** The name of the layer that has a dataset of the original. */
    private String layer(String path) {
        String layer = names.get(path.substring(0, Math.max(path.indexOf("/vars/"), 0)));
        if (layer == null) throw new ConfigError(original.label() + ": no layer has the weights " + path);
        return layer;
    }

    /** What became of a dataset of the original. */
    private float[] moved(String path, Shape stored) {
        String group = theirs.operation(layer(path)).group();
        return weights.hdf5().floats(group + path.substring(path.indexOf("/vars/")), stored);
    }

    /** The trained values of a weight; those of the original where Keras has no layer that needs it. */
    @Override
    public float[] values(String name) {
        WeightIndex.StoredWeight place = original.index().weights().get(name);
        if (place == null) throw new ConfigError(label + ": there is no weight '" + name + "' in it");
        return known(place) ? moved(place.path(), place.stored()) : original.values(name);
    }

    private static boolean known(WeightIndex.StoredWeight place) {
        return place.path().startsWith("layers/");
    }

    /** The Keras that saved it. */
    public String version() {
        return version;
    }

    /** Weights that the logits do not need, so that Keras never saw them: they are the original's. */
    public List<String> unseen() {
        List<String> unseen = new ArrayList<>();
        original.index().weights().forEach((name, place) -> {
            if (!known(place)) unseen.add(name);
        });
        return unseen;
    }

    @Override
    public void close() {
        weights.close();
    }
}
