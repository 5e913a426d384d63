package org.vit4j.keras;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** One model per graph operation, with reference values from SameDiff, for the check with Keras. */
class KerasVocabularyTest {
    private static final int BATCH = 3;

    private final Graph graph = new Graph(Init.PYTORCH);
    private final SplittableRandom random = new SplittableRandom(11);

    @Test
    void batchNormOfChannels() throws IOException {
        Tensor x = graph.input("image", 4, 3, 6); // [H, W, C]
        x = graph.batchNorm("image_norm", x, 1e-5);
        x = graph.batchNorm("token_norm", graph.reshape("tokens", x, 12, 6), 1e-3);
        write("batch_norm", graph.batchNorm("vector_norm", graph.reshape("vector", x, 72), 1e-5));
    }

    @Test
    void batchNormOfHeads() throws IOException {
        Tensor x = graph.input("image", 4, 3, 6); // [H, T, S]
        x = graph.batchNorm("heads_norm", x, 0, 1e-5, Init.ONES);
        write("batch_norm_heads", graph.batchNorm("middle_norm", x, 1, 1e-5, Init.ONES));
    }

    @Test
    void mixHeads() throws IOException {
        Tensor x = graph.input("image", 4, 3, 5); // [H, T, S]
        x = graph.mixHeads("more", x, 6, true, new Init.UniformInit(1));
        write("mix_heads", graph.mixHeads("fewer", x, 2, false, new Init.UniformInit(1)));
    }

    @Test
    void pad() throws IOException {
        Tensor x = graph.input("image", 4, 3, 5);
        write("pad", graph.pad("padded", x, 1, 2, 3, 0));
    }

    @Test
    void maxPool() throws IOException {
        Tensor x = graph.scale("below_zero", graph.input("image", 9, 8, 3), 1);
        x = graph.maxPool("overlapping", x, Window.square(3, 2, 1)); // [5, 4, 3]
        Tensor uneven = graph.maxPool("uneven", x, new Window(5, 2, 1, 1, 2, 1, 1));
        write("max_pool", uneven);
    }

    @Test
    void avgPool() throws IOException {
        Tensor x = graph.input("image", 9, 8, 3);
        Tensor plain = graph.avgPool("plain", x, Window.square(2, 2, 0), false); // [4, 4, 3]
        Tensor padded = graph.avgPool("padded", x, Window.square(3, 2, 1), false); // [5, 4, 3]
        Tensor ceiled = graph.avgPool("ceiled", x, Window.square(3, 2, 1), true); // [5, 5, 3]
        Tensor even = graph.avgPool("even", x, Window.square(2, 2, 0), true); // [5, 4, 3]
        write("avg_pool", flat(plain, padded, ceiled, even));
    }

    @Test
    void meansOverAnyAxis() throws IOException {
        Tensor x = graph.input("image", 4, 3, 5);
        Tensor rows = graph.mean("rows", x, 0); // [3, 5]
        Tensor columns = graph.mean("columns", x, 1); // [4, 5]
        Tensor channels = graph.mean("channels", x, 2); // [4, 3]
        Tensor both = graph.mean("both", graph.reshape("pixels", x, 12, 5), 0); // [5]
        Tensor width = graph.mean("width", rows, 1); // [3]
        Tensor four = graph.mean("four", graph.reshape("parts", x, 2, 2, 3, 5), 2); // [2, 2, 5]
        write("means", flat(rows, columns, channels, both, width, four));
    }

    @Test
    void relativeBias() throws IOException {
        Tensor x = graph.input("image", 2, 4, 12); // [H, T, S]: queries at every second row and column of 3 x 4
        x = graph.relativeBias("plain", x, new AttentionOp.RelativeBias(3, 4, 2, 1, Init.ONES));
        write("relative_bias", graph.relativeBias("scaled", x, new AttentionOp.RelativeBias(3, 4, 2, 8, Init.ONES)));
    }

    @Test
    void unfold() throws IOException {
        Tensor x = graph.input("image", 8, 7, 3);
        Tensor first = graph.unfold("first", x, Window.square(3, 2, 1)); // [16, 27]
        Tensor image = graph.reshape("again", first, 4, 4, 27);
        write("unfold", graph.unfold("second", image, new Window(3, 2, 1, 1, 1, 0, 1)));
    }

    @Test
    void performer() throws IOException {
        Tensor x = graph.reshape("tokens", graph.input("image", 3, 4, 6), 12, 6); // [T, D]
        Tensor q = graph.performerFeatures("q", "w", x, 5, new Init.UniformInit(1));
        Tensor k = graph.performerFeatures("k", "w", graph.dense("other", x, 6), 5, new Init.UniformInit(1));
        write("performer", graph.linearAttention("context", q, k, x, 1e-8));
    }

    @Test
    void resize() throws IOException {
        Tensor x = graph.input("image", 6, 5, 3);
        x = graph.resize("smaller", x, 4, 3);
        write("resize", graph.resize("larger", x, 7, 8));
    }

    @Test
    void sharedConvolutions() throws IOException {
        Tensor x = graph.input("image", 13, 12, 4);
        Tensor first = graph.conv2d("first", x, 6, new Window(3, 3, 2, 2, 1, 1, 1), 2, true);
        Tensor second = graph.conv2dShared("second", first, x, new Window(3, 3, 2, 2, 2, 2, 2));
        Tensor third = graph.conv2dShared("third", first, x, new Window(3, 3, 2, 2, 3, 3, 3));
        Tensor fourth = graph.conv2dShared("fourth", first, x, new Window(3, 3, 4, 4, 2, 2, 2));
        Tensor depthwise = graph.conv2d("depthwise", x, 8, new Window(3, 3, 2, 4, 2, 2, 2), 4, true);
        write("shared_conv", flat(first, second, third, fourth, depthwise));
    }

    @Test
    void otherNorms() throws IOException {
        Tensor x = graph.input("image", 4, 3, 6);
        x = graph.groupNorm("groups", x, 2, 1e-5);
        x = graph.groupNorm("one", x, 1, 1e-3);
        x = graph.channelNorm("channels", x, 1e-2);
        write("norms", graph.channelNorm("tokens_norm", graph.reshape("tokens", x, 12, 6), 1e-5));
    }

    @Test
    void shapesOfEveryRank() throws IOException {
        Tensor x = graph.input("image", 4, 3, 6);
        Tensor four = graph.reshape("four", x, 2, 2, 3, 6);
        Tensor turned = graph.permute("turned", four, 3, 1, 0, 2); // [6, 2, 2, 3]
        Tensor part = graph.slice("part", turned, 2, 1, 2); // [6, 2, 1, 3]
        Tensor joined = graph.concat("joined", 2, part, part); // [6, 2, 2, 3]
        Tensor five = graph.permute("five_turned", graph.reshape("five", joined, 6, 2, 2, 3, 1), 4, 3, 2, 1, 0);
        Tensor ends = graph.slice("ends", five, 4, 0, 5); // [1, 3, 2, 2, 5]
        Tensor vector = graph.reshape("vector", ends, 60);
        Tensor more = graph.concat("more", 0, vector, graph.slice("some", vector, 0, 7, 19)); // [72]
        write("ranks", graph.concat("added", 0, more, graph.addParameter("learned", more, Role.POSITION, Init.ONES)));
    }

    @Test
    void moreLearnedTokensThanInputTokens() throws IOException {
        Tensor x = graph.reshape("one", graph.input("image", 1, 2, 3), 1, 6);
        write("more_tokens", graph.concat("all", 0, graph.learnedTokens("tokens", x, 4, Init.ONES), x));
    }

    private Tensor flat(Tensor... parts) {
        Tensor[] vectors = new Tensor[parts.length];
        for (int i = 0; i < parts.length; i++) {
            vectors[i] = graph.reshape(
                    "flat" + i, parts[i], Math.toIntExact(parts[i].shape().size()));
        }
        return graph.concat("everything", 0, vectors);
    }

    private void write(String name, Tensor last) throws IOException {
        Tensor logits = last.shape().rank() == 1
                ? last
                : graph.reshape("logits", last, Math.toIntExact(last.shape().size()));
        graph.output("logits", logits);
        Map<String, float[]> weights = new LinkedHashMap<>();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        for (Parameter weight : graph.parameters()) {
            float[] values = new Init.UniformInit(1).values(weight.shape(), random);
            if (weight.name().endsWith(".variance")) {
                for (int i = 0; i < values.length; i++) values[i] = 1 + values[i] / 2;
            }
            weights.put(weight.name(), values);
            parameters.set(weight.name(), values);
        }
        Shape image = graph.tensor("image").shape();
        float[] input = new Init.UniformInit(1).values(Shape.of(BATCH * (int) image.size()), random);
        float[] output;
        try (Inference inference = new SameDiffInference(graph, parameters)) {
            INDArray images = Nd4j.createFromArray(input).reshape('c', image.batched(BATCH));
            output = inference.logits(images).data().asFloat();
        }
        Path file = KerasCheckFiles.write(
                name, new KerasExample(graph, weights, array(image, input), array(logits.shape(), output)), Map.of());
        try (KerasFile read = KerasFile.read(file)) {
            read.check(graph);
            weights.forEach((weight, values) ->
                    assertThat(read.values(weight)).as(weight).isEqualTo(values));
        }
    }

    private static KerasExample.Array array(Shape shape, float[] values) {
        List<Integer> dims = new ArrayList<>();
        LongStream.of(shape.batched(BATCH)).forEach(dim -> dims.add((int) dim));
        return new KerasExample.Array(dims.stream().mapToInt(d -> d).toArray(), values);
    }
}
