package org.vit4j.keras;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Layers missing from the golden networks, with reference values from plain loops, for the check with Keras. */
class KerasOpsTest {
    private static final int BATCH = 3;

    private final Graph graph = new Graph(Init.PYTORCH);
    private final SplittableRandom random = new SplittableRandom(7);

    @Test
    void writesActivations() throws IOException {
        Tensor image = graph.input("image", 2, 3, 4); // [H, W, C]
        Map<Activation, DoubleUnaryOperator> formulas = Map.of(
                Activation.QUICK_GELU, x -> x / (1 + Math.exp(-1.702 * x)),
                Activation.HARD_SWISH, x -> x * Math.max(0, Math.min(6, x + 3)) / 6,
                Activation.SILU, x -> x / (1 + Math.exp(-x)),
                Activation.RELU, x -> Math.max(0, x));
        List<Activation> order =
                List.copyOf(formulas.keySet()).stream().sorted().toList();
        Tensor[] parts =
                order.stream().map(f -> graph.activate(f.name(), image, f)).toArray(Tensor[]::new);
        Tensor all = graph.concat("all", 0, parts); // [4 * H, W, C]
        graph.output("logits", graph.scale("half", graph.reshape("flat", all, 96), 0.5));

        float[] input = values(BATCH * 24, 4);
        float[] logits = new float[BATCH * 96];
        for (int i = 0; i < logits.length; i++) {
            double x = input[i / 96 * 24 + i % 24];
            logits[i] = (float) (formulas.get(order.get(i % 96 / 24)).applyAsDouble(x) / 2);
        }
        write("activations", input, logits);
    }

    @Test
    void writesPaddedDilatedAndGroupedConvolutions() throws IOException {
        Window tall = new Window(3, 2, 2, 1, 2, 1, 1);
        Window dilated = new Window(3, 3, 1, 1, 2, 2, 2);
        Window grouped = Window.square(3, 2, 1);
        Window uneven = new Window(1, 1, 2, 1, 0, 0, 1);
        Tensor x = graph.input("image", 8, 7, 3); // [8, 7, 3]
        x = graph.conv2d("tall", x, 4, tall, 1, true); // [5, 8, 4]
        x = graph.conv2d("dilated", x, 8, dilated, 4, true); // [5, 8, 8]
        x = graph.conv2d("grouped", x, 6, grouped, 2, false); // [3, 4, 6]
        x = graph.conv2d("uneven", x, 2, uneven, 1, true); // [2, 4, 2]
        graph.output("logits", graph.reshape("flat", x, 16));

        Map<String, float[]> weights = weights();
        float[] input = values(BATCH * 8 * 7 * 3, 1);
        float[] logits = new float[0];
        for (int b = 0; b < BATCH; b++) {
            float[] y = java.util.Arrays.copyOfRange(input, b * 168, (b + 1) * 168);
            y = conv(y, Shape.of(8, 7, 3), graph.tensor("tall"), tall, 1, weights);
            y = conv(y, Shape.of(5, 8, 4), graph.tensor("dilated"), dilated, 4, weights);
            y = conv(y, Shape.of(5, 8, 8), graph.tensor("grouped"), grouped, 2, weights);
            y = conv(y, Shape.of(3, 4, 6), graph.tensor("uneven"), uneven, 1, weights);
            logits = join(logits, y);
        }
        write("convolutions", weights, input, logits);
    }

    @Test
    void writesSlicesPermutesAndReshapes() throws IOException {
        Tensor image = graph.input("image", 3, 4, 6); // [H, W, C]
        Tensor channels = graph.slice("channels", image, 2, 1, 5); // [3, 4, 4]
        Tensor columns = graph.slice("columns", channels, 1, 2, 4); // [3, 2, 4]
        Tensor turned = graph.permute("turned", columns, 1, 2, 0); // [2, 4, 3]
        Tensor rows = graph.reshape("rows", turned, 8, 3); // [8, 3]
        Tensor some = graph.slice("some", rows, 1, 0, 2); // [8, 2]
        Tensor flat = graph.reshape("flat", some, 16); // [16]
        Tensor end = graph.slice("end", flat, 0, 4, 16); // [12]
        graph.addParameter("unused", end, Role.POSITION, Init.ONES);
        graph.output("logits", end);

        Map<String, float[]> weights = weights();
        float[] input = values(BATCH * 72, 1);
        float[] logits = new float[BATCH * 12];
        for (int b = 0; b < BATCH; b++) {
            for (int i = 4; i < 16; i++) {
                int row = i / 2; // of [8, 3]: column * 4 + channel
                int h = i % 2;
                int w = row / 4 + 2;
                int c = row % 4 + 1;
                logits[b * 12 + i - 4] = input[b * 72 + (h * 4 + w) * 6 + c];
            }
        }
        write("shapes", weights, input, logits);
    }

    @Test
    void writesHeadSplitsAndLearnedTokens() throws IOException {
        Tensor image = graph.input("image", 2, 1, 6); // [H, W, C]
        Tensor x = graph.reshape("x", image, 2, 6); // [2, 6]
        Tensor tokens = graph.learnedTokens("tokens", x, 2, Init.ONES); // [2, 6]
        Tensor all = graph.concat("all", 0, x, tokens); // [4, 6]
        Tensor heads = graph.splitHeads("heads", all, 3); // [3, 4, 2]
        Tensor second = graph.splitHeads("second", all, 1, 1, 3); // [1, 4, 2]
        Tensor merged = graph.mergeHeads("merged", graph.slice("one", heads, 0, 1, 2)); // [4, 2]
        Tensor again = graph.mergeHeads("again", second); // [4, 2]: the same elements
        graph.output("logits", graph.mean("mean", graph.add("twice", merged, again), 0)); // [2]

        Map<String, float[]> weights = weights();
        float[] input = values(BATCH * 12, 1);
        float[] token = weights.get("tokens");
        float[] logits = new float[BATCH * 2];
        for (int i = 0; i < logits.length; i++) {
            int b = i / 2;
            int c = 2 + i % 2;
            double sum = input[b * 12 + c] + input[b * 12 + 6 + c] + token[c] + token[6 + c];
            logits[i] = (float) (sum / 2);
        }
        write("heads", weights, input, logits);
    }

    private void write(String name, float[] input, float[] logits) throws IOException {
        write(name, Map.of(), input, logits);
    }

    private void write(String name, Map<String, float[]> weights, float[] input, float[] logits) throws IOException {
        KerasExample.Array in = array(graph.tensor("image").shape(), input);
        KerasExample.Array out = array(graph.outputs().get("logits").shape(), logits);
        KerasCheckFiles.write(name, new KerasExample(graph, weights, in, out), Map.of());
        assertThat(KerasModel.of(graph, name).nodes()).isNotEmpty();
    }

    private static KerasExample.Array array(Shape shape, float[] values) {
        List<Integer> dims = new ArrayList<>(List.of(BATCH));
        dims.addAll(shape.dims());
        return new KerasExample.Array(dims.stream().mapToInt(d -> d).toArray(), values);
    }

    private Map<String, float[]> weights() {
        Map<String, float[]> weights = new HashMap<>();
        for (Parameter weight : graph.parameters()) weights.put(weight.name(), values((int) weight.size(), 1));
        return weights;
    }

    private float[] values(int count, double bound) {
        return new Init.UniformInit(bound).values(Shape.of(count), random);
    }

    private static float[] conv(float[] x, Shape in, Tensor t, Window w, int groups, Map<String, float[]> weights) {
        float[] kernel = weights.get(t.name() + ".kernel");
        float[] bias =
                weights.getOrDefault(t.name() + ".bias", new float[t.shape().last()]);
        int filters = t.shape().last();
        int depth = in.last() / groups;
        float[] y = new float[(int) t.shape().size()];
        for (int i = 0; i < y.length; i++) {
            int f = i % filters;
            int top = i / filters / t.dim(1) * w.strideHeight() - w.padHeight();
            int left = i / filters % t.dim(1) * w.strideWidth() - w.padWidth();
            double sum = bias[f];
            for (int k = 0; k < w.kernelHeight() * w.kernelWidth() * depth; k++) {
                int row = top + k / depth / w.kernelWidth() * w.dilation();
                int column = left + k / depth % w.kernelWidth() * w.dilation();
                if (row < 0 || row >= in.dim(0) || column < 0 || column >= in.dim(1)) continue;
                int channel = f / (filters / groups) * depth + k % depth;
                sum += x[(row * in.dim(1) + column) * in.last() + channel] * kernel[k * filters + f];
            }
            y[i] = (float) sum;
        }
        return y;
    }

    private static float[] join(float[] a, float[] b) {
        float[] both = new float[a.length + b.length];
        IntStream.range(0, both.length).forEach(i -> both[i] = i < a.length ? a[i] : b[i - a.length]);
        return both;
    }
}
