package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.run.RunConfig;

/** Logits of an image do not depend on the other images of a batch, nor on how the caller holds the images in memory. */
@Tag("slow")
@RequiresOneDnn
class InferenceBatchesTest {
    private static OneDnnInference open(String config, String... overrides) {
        Graph graph = RunConfig.open(config, List.of(overrides)).model().graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        return new OneDnnInference(graph, parameters, true, Precision.FP32);
    }

    private static INDArray images(OneDnnInference inference, int count) {
        Graph graph = inference.graph();
        return Nd4j.randn(
                DataType.FLOAT, graph.tensor(inference.input()).shape().batched(count));
    }

    private static INDArray part(INDArray images, int from, int to) {
        return images.get(NDArrayIndex.interval(from, to)).dup('c');
    }

    private static double distance(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue() / b.amaxNumber().doubleValue();
    }

    /** Plain attention, mixed heads and relative positions, of maps that need several blocks. */
    @ParameterizedTest
    @CsvSource({
        "digits-vit, model.patch_size=2",
        "digits-cait, model.patch_size=2",
        "digits-levit, model.image.size=128"
    })
    void logitsDoNotDependOnBlocksOfImages(String config, String override) {
        int many = 14;
        try (OneDnnInference inference = open(config, override)) {
            long maps = inference.graph().tensors().stream()
                    .filter(t -> t.op() instanceof AttentionOp.AttentionScores)
                    .mapToLong(t -> many * t.shape().size())
                    .max()
                    .orElseThrow();
            assertThat(maps).isGreaterThan(3 * AttentionBlock.SIZE);
            assertLogitsOfFewImagesEqualThoseOf(many, inference);
        }
    }

    /** As many images as tokens of a block, so that products are divided. */
    @ParameterizedTest
    @CsvSource({"digits-levit, 16", "digits-levit, 4", "digits-vit, 17"})
    void logitsDoNotDependOnTheNumberOfImages(String config, int many) {
        try (OneDnnInference inference = open(config)) {
            assertLogitsOfFewImagesEqualThoseOf(many, inference);
        }
    }

    /** Of one head, of several, and of one that is trained for distillation. */
    @ParameterizedTest
    @CsvSource({"digits-vit, 1", "digits-vit, 3", "digits-deit-distilled, 3", "digits-levit, 3", "digits-crossvit, 3"})
    void logitsAsJavaArraysEqualThoseOfNd4j(String config, int count) {
        try (OneDnnInference inference = open(config)) {
            INDArray images = images(inference, count);
            float[][] rows = inference.logitValues(images);
            assertThat(rows).isDeepEqualTo(inference.logits(images).toFloatMatrix());
            assertThat(rows).hasDimensions(count, 10);
            assertThatThrownBy(() -> inference.logitValues(Nd4j.zeros(DataType.FLOAT, count, 1, 1, 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("got [" + count + ", 1, 1, 1]");
        }
    }

    /** Logits that are a column of a larger array: their elements do not follow one another. */
    @Test
    void logitsOfAnyLayoutAreReturnedAsJavaArrays() {
        Graph g = new Graph(Init.TIMM);
        Tensor column = g.slice("column", g.dense("dense", g.input("tokens", 6, 4), 2), 1, 1, 2);
        g.output(Graph.LOGITS, g.reshape("row", column, 6));
        ParameterStore parameters = new ParameterStore(g.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        try (OneDnnInference inference = new OneDnnInference(g, parameters, true, Precision.FP32)) {
            INDArray tokens = images(inference, 3);
            assertThat(inference.logitValues(tokens))
                    .hasDimensions(3, 6)
                    .isDeepEqualTo(inference.logits(tokens).toFloatMatrix());
        }
    }

    private static void assertLogitsOfFewImagesEqualThoseOf(int many, OneDnnInference inference) {
        INDArray images = images(inference, many);
        INDArray logits = inference.logits(images);
        for (int from = 0; from + 3 <= many; from++) {
            INDArray few = inference.logits(part(images, from, from + 3));
            assertThat(distance(part(logits, from, from + 3), few)).isCloseTo(0, within(1e-5));
        }
    }

    /** Only attention whose maps all have as many heads as the values is computed in blocks. */
    @Test
    void headsCanBeMixedToMoreHeads() {
        Graph graph = new Graph(Init.TIMM);
        Tensor tokens = graph.input("tokens", 5, 24);
        Tensor scores = graph.scores("scores", graph.splitHeads("q", tokens, 3), graph.splitHeads("k", tokens, 3), 0.5);
        Tensor mixed = graph.mixHeads("mixed", scores, 6, false, new Init.NormalInit(1));
        Tensor probs = graph.softmax("probs", mixed);
        Tensor sum = graph.weightedSum("sum", probs, graph.splitHeads("v", tokens, 6));
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        Map<String, INDArray> x = Map.of("tokens", Nd4j.randn(DataType.FLOAT, 4, 5, 24));
        try (OneDnnInference inference = new OneDnnInference(graph, parameters, true, Precision.FP32)) {
            INDArray found = inference.tensor(sum.name(), x);
            Map<String, INDArray> whole = inference.tensors(List.of(probs.name(), sum.name()), x);
            assertThat(whole.get(probs.name()).shape()).containsExactly(4, 6, 5, 5);
            assertThat(distance(found, whole.get(sum.name()))).isCloseTo(0, within(1e-6));
        }
    }

    @Test
    void imagesAreReadWhereTheyAreIfKernelsCan() {
        assertThat(isMovable("digits-vit")).isTrue();
        assertThat(isMovable("digits-levit")).isTrue();
        assertThat(isMovable("digits-t2t_vit")).isFalse(); // unfolds them in Java
    }

    private static boolean isMovable(String config) {
        try (OneDnnInference inference = open(config)) {
            Graph graph = inference.graph();
            ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
            List<String> logits = List.of(graph.logits().name());
            try (OneDnnPlan plan = OneDnnPlanner.inference(graph, parameters, null, Precision.FP32, 2, logits)) {
                return plan.inputs().get(inference.input()).isMovable();
            }
        }
    }

    @Test
    void imagesAreReadFromTheMemoryOfTheCaller() {
        try (OneDnnInference inference = open("digits-vit")) {
            INDArray first = images(inference, 3);
            INDArray second = images(inference, 3);
            INDArray expected = inference.logits(first);
            INDArray other = inference.logits(second);
            assertThat(distance(expected, other)).isGreaterThan(0.01);
            assertThat(inference.logits(first)).isEqualTo(expected);
            assertThat(inference.logits(first.dup('f'))).isEqualTo(expected);
            assertThat(inference.logits(second)).isEqualTo(other);
            INDArray five = Nd4j.concat(0, second.get(NDArrayIndex.interval(0, 2)), first);
            assertThat(inference.logits(five.get(NDArrayIndex.interval(2, 5)))).isEqualTo(expected);
            assertThat(inference.logits(first.castTo(DataType.DOUBLE))).isEqualTo(expected);
            first.assign(second);
            assertThat(inference.logits(first)).isEqualTo(other);
        }
    }

    /** A view of the images, which only the memory of the plan has. */
    @Test
    void viewsOfTheImagesAreThoseOfTheCall() {
        Graph graph = new Graph(Init.TIMM);
        Tensor image = graph.input("image", 2, 3, 4);
        Tensor view = graph.reshape("view", image, 6, 4);
        Tensor sums = graph.dense("sums", view, 5, true);
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        try (OneDnnInference inference = new OneDnnInference(graph, parameters, true, Precision.FP32)) {
            for (int run = 0; run < 2; run++) {
                INDArray x = Nd4j.randn(DataType.FLOAT, 2, 2, 3, 4);
                List<String> names = List.of(view.name(), sums.name());
                assertThat(inference.tensors(names, Map.of("image", x)).get(view.name()))
                        .isEqualTo(x.reshape(2, 6, 4));
            }
        }
    }

    /** The arrays of an earlier call may have been freed. */
    @Test
    void profilesDoNotReadInputsOfEarlierCalls() {
        Graph graph = new Graph(Init.TIMM);
        Tensor first = graph.input("first", 4);
        Tensor second = graph.input("second", 4);
        graph.output("logits", graph.dense("head", graph.add("sum", first, second), 3, true));
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        try (OneDnnInference inference = new OneDnnInference(graph, parameters, true, Precision.FP32)) {
            INDArray x = Nd4j.randn(DataType.FLOAT, 2, 4);
            String logits = graph.logits().name();
            assertThat(inference.tensor(logits, Map.of("first", x, "second", x)).shape())
                    .containsExactly(2, 3);
            assertThatThrownBy(() -> inference.profile(x, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("missing input second");
        }
    }

    @Test
    void aBatchWithoutImagesIsRefused() {
        try (OneDnnInference inference = open("digits-vit")) {
            INDArray none = Nd4j.create(DataType.FLOAT, 0, 32, 32, 1);
            assertThatThrownBy(() -> inference.logits(none))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("expected at least one image");
        }
    }

    @Test
    void aMissingInputIsNamed() {
        try (OneDnnInference inference = open("digits-vit")) {
            Graph graph = inference.graph();
            Map<String, INDArray> inputs = Map.of(graph.logits().name(), Nd4j.zeros(1, 10));
            String embedding =
                    graph.tensors().stream().skip(1).findFirst().orElseThrow().name();
            assertThatThrownBy(() -> inference.tensor(embedding, inputs))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("missing input image");
        }
    }
}
