package org.vit4j.keras;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Changes by Keras that an import accepts or rejects. */
class RetrainedKerasModelTest {
    @TempDir
    private Path folder;

    private final Graph graph = new Graph(Init.PYTORCH);
    private KerasModel model;
    private Path original;
    private Path trained;

    /** Builds a table, two kinds of layers and a parameter that the logits do not depend on. */
    private void dense() {
        Tensor x = graph.input("image", 2, 3, 4); // [H, W, C]
        x = graph.reshape("tokens", x, 6, 4);
        graph.addParameter("unused", x, Role.POSITION, Init.ONES);
        x = graph.addParameter("pos_embed", x, Role.POSITION, Init.ONES);
        x = graph.layerNorm("norm", graph.dense("fc", x, 5), 1e-6);
        graph.output("logits", graph.mean("pool", x, 0));
        write();
    }

    private void write() {
        model = KerasModel.of(graph, "small");
        original = folder.resolve("original.keras");
        trained = folder.resolve("trained.keras");
        KerasFile.write(original, model, weights(1), Map.of());
        KerasFile.write(trained, model, weights(2), Map.of());
    }

    private WeightSource weights(int seed) {
        return name -> {
            Shape shape = graph.parameters().stream()
                    .filter(weight -> weight.name().equals(name))
                    .findFirst()
                    .orElseThrow()
                    .shape();
            return new Init.UniformInit(1).values(shape, new SplittableRandom(seed * 1000L + name.hashCode()));
        };
    }

    private interface Change {
        void of(Map<String, byte[]> entries);
    }

    /** Rewrites the trained file without the vit4j entries, as Keras does, and applies a change. */
    private void rewrite(Change change) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(trained.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                if (entry.getName().startsWith("vit4j/")) continue;
                entries.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
            }
        }
        change.of(entries);
        try (OutputStream out = Files.newOutputStream(trained);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
    }

    private void config(UnaryOperator<String> change) throws IOException {
        rewrite(entries -> entries.computeIfPresent(
                "config.json",
                (name, bytes) ->
                        change.apply(new String(bytes, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8)));
    }

    /** Sets the first element of a dataset. */
    private void set(String layer, String variable, float value) throws IOException {
        Hdf5Writer writer = new Hdf5Writer();
        model.groups().forEach(writer::group);
        model.slots().forEach(slot -> writer.dataset(slot.path(), slot.shape()));
        writer.layOut();
        WeightSlot slot = model.slots().stream()
                .filter(s -> s.layer().equals(layer) && s.variable().name().equals(variable))
                .findFirst()
                .orElseThrow();
        int at = Math.toIntExact(writer.address(slot.path()));
        rewrite(entries -> ByteBuffer.wrap(entries.get("model.weights.h5"))
                .order(ByteOrder.LITTLE_ENDIAN)
                .putFloat(at, value));
    }

    private void assertRejected(String message) {
        try (KerasFile before = KerasFile.read(original)) {
            assertThatThrownBy(() -> RetrainedKerasModel.read(trained, before))
                    .isInstanceOf(ConfigError.class)
                    .hasMessage(trained + ": " + message);
        }
    }

    private void assertWeights(String name, int seed) {
        try (KerasFile before = KerasFile.read(original);
                RetrainedKerasModel after = RetrainedKerasModel.read(trained, before)) {
            assertThat(after.values(name)).isEqualTo(weights(seed).values(name));
        }
    }

    @Test
    void weightsAreFoundByLayerName() throws IOException {
        dense();
        rewrite(entries -> {});
        for (Parameter weight : graph.parameters())
            assertWeights(weight.name(), weight.name().equals("unused") ? 1 : 2);
        try (KerasFile before = KerasFile.read(original);
                RetrainedKerasModel after = RetrainedKerasModel.read(trained, before)) {
            assertThat(after.unusedWeights()).containsExactly("unused");
            assertThat(after.version()).isEqualTo("3.6.0");
        }
    }

    @Test
    void nestedModelsAreFound() throws IOException {
        dense();
        // A user's model around the exported one. Keras would store the weights below the group of the inner model.
        config(json -> "{\"module\":\"keras\",\"class_name\":\"Sequential\",\"config\":{\"name\":\"outer\",\"layers\":["
                + "{\"module\":\"keras.layers\",\"class_name\":\"Rescaling\",\"config\":{\"name\":\"mine\"}},"
                + json.replace("{\"name\":\"small\"", "{\"name\":\"inner\"") + "]}}");
        assertRejected("model.weights.h5: missing dataset layers/functional/layers/einsum_dense/vars/0");
    }

    @Test
    void otherNetworksAreRejected() throws IOException {
        dense();
        config(json -> json.replace("\"fc\"", "\"other\""));
        assertRejected("config.json: different network: missing layer 'fc'");
        write();
        config(json -> json.replace("\"epsilon\":1.0E-6", "\"epsilon\":1.0E-5"));
        assertRejected("config.json: different network: layer 'norm' has epsilon 1.0E-5, expected 1.0E-6");
        write();
        config(json -> json.replace("\"keras_history\":[\"fc\",0,0]", "\"keras_history\":[\"tokens\",0,0]"));
        assertRejected("config.json: different network: Reshape 'tokens', expected Dense 'fc'");
        write();
        config(json -> "{\"class_name\":\"Sequential\",\"config\":{}}");
        assertRejected("config.json: not a Functional model; expected one exported by vit4j");
        write();
        config(json -> json.replace("\"units\":", "\"activation\":\"relu\",\"units\":"));
        assertRejected("config.json: different network: layer 'fc' has activation \"relu\", expected none");
        write();
        config(json -> json.replace("\"name\":\"norm\"", "\"name\":\"fc\""));
        assertRejected("config.json: duplicate layer 'fc'");
    }

    @Test
    void constantsWithZeroInputMayChange() throws IOException {
        dense();
        set("pos_embed_table", "kernel", 0.5f);
        assertWeights("pos_embed", 2);
        set("pos_embed_table", "kernel", Float.NaN);
        assertRejected("layers/einsum_dense/vars/0 contains NaN: the training diverged");
    }

    @Test
    void divergedWeightsAreRejected() throws IOException {
        dense();
        set("fc", "kernel", Float.POSITIVE_INFINITY);
        assertRejected("fc.kernel contains Infinity: the training diverged");
    }

    @Test
    void changedConstantsAreRejected() throws IOException {
        Tensor x = graph.input("image", 4, 4, 2);
        x = graph.unfold("unfold", x, org.vit4j.graph.Window.square(3, 2, 1));
        graph.output("logits", graph.mean("pool", graph.dense("fc", x, 3), 0));
        write();
        set("unfold_picked", "kernel", 0.9f);
        assertRejected(
                "the kernel of layer 'unfold_picked' is a constant that was changed by training and has no parameter in"
                        + " the network; freeze it with model.get_layer('unfold_picked').trainable = False before"
                        + " training");
    }

    @Test
    void separatelyTrainedSharedWeightsAreRejected() throws IOException {
        Tensor x = graph.input("image", 6, 6, 2);
        Tensor a = graph.conv2d("conv", x, 2, new org.vit4j.graph.Window(3, 3, 1, 1, 1, 1, 1), 1, true);
        Tensor b = graph.conv2dShared("far", a, x, new org.vit4j.graph.Window(3, 3, 1, 1, 2, 2, 2));
        x = graph.reshape("flat", graph.add("sum", a, b), 72);
        graph.output("logits", x);
        write();
        assertWeights("conv.kernel", 2);
        set("far", "bias", 0.5f);
        assertRejected(
                "layer 'far' shares the weight 'conv.bias' with other layers but was trained separately; freeze it with"
                        + " model.get_layer('far').trainable = False before training, and in the same way 'conv'");
    }

    @Test
    void oversizedWeightsAreRejected() throws IOException {
        dense();
        rewrite(entries -> entries.computeIfPresent(
                "model.weights.h5", (name, bytes) -> java.util.Arrays.copyOf(bytes, 20_000_000)));
        try (KerasFile before = KerasFile.read(original)) {
            assertThatThrownBy(() -> RetrainedKerasModel.read(trained, before))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining("model.weights.h5 has 20000000 bytes, expected at most ");
        }
    }

    @Test
    void weightsInAnotherFormatAreRejected() throws IOException {
        dense();
        rewrite(entries -> entries.put("model.weights.h5", new byte[100]));
        assertRejected("model.weights.h5: not an HDF5 file, or damaged");
    }
}
