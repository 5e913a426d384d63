package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.backend.TestBackends;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.run.RunConfig;

/** Attention of a batch that is trained in blocks of images has the gradient of SameDiff, which computes it at once. */
@Tag("slow")
@RequiresOneDnn
class TrainedAttentionTest {
    private static final int IMAGES = 7;

    /** Queries, keys and values of one projection, of different tokens, with strides, and values that are read elsewhere. */
    @ParameterizedTest
    @CsvSource({
        "digits-vit, model.patch_size=2, FP32, 1e-4",
        "digits-vit, model.patch_size=2, BF16, 5e-2",
        "digits-crossvit, model.image.size=128, FP32, 1e-4",
        "digits-pit, model.image.size=96, FP32, 1e-4",
        "digits-t2t_vit, model.image.size=128 model.tokens_type=transformer, FP32, 1e-4"
    })
    void gradientIsThatOfSameDiff(String config, String overrides, Precision precision, double tolerance) {
        if (precision == Precision.BF16) TestBackends.bf16(); // skips without it, and says why
        Graph graph =
                RunConfig.open(config, List.of(overrides.split(" "))).model().graph();
        assertThat(softmaxes(graph, IMAGES)).isGreaterThan(softmaxes(graph, 1));
        SameDiffComparison.assertSameGradient(graph, IMAGES, precision, tolerance);
    }

    /** Blocks write the gradient of their part of the values, which another operation reads directly or through a view. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void valuesWithAnotherReaderAreNotDividedIntoBlocks(boolean view) {
        Graph graph = new Graph(Init.TIMM);
        Tensor qkv = graph.dense("qkv", graph.input("tokens", 400, 12), 24);
        Tensor values = graph.splitHeads("v", qkv, 2, 2, 3);
        Tensor skip = graph.mergeHeads("skip", values);
        Tensor sum =
                graph.weightedSum("sum", probabilities(graph, qkv), view ? graph.splitHeads("heads", skip, 2) : values);
        Tensor both = graph.add("both", graph.mergeHeads("merged", sum), skip);
        graph.output(Graph.LOGITS, graph.mean("logits", both, 0));
        SameDiffComparison.assertSameGradient(graph, IMAGES, Precision.FP32, 1e-4);
    }

    /** Maps and context of a network whose dense layers take most of the time are computed again instead of kept. */
    @ParameterizedTest
    @CsvSource({"FP32, 1e-4", "BF16, 5e-2"})
    void cheapAttentionIsComputedAgain(Precision precision, double tolerance) {
        if (precision == Precision.BF16) TestBackends.bf16(); // skips without it, and says why
        Graph cheap = attentionBeforeLayers(2800);
        Graph expensive = attentionBeforeLayers(2200);
        assertThat(softmaxes(cheap, IMAGES)).isEqualTo(2 * softmaxes(expensive, IMAGES));
        assertThat(softmaxes(cheap, 2)).as("maps that fit the cache").isEqualTo(softmaxes(expensive, 2));
        SameDiffComparison.assertSameGradient(cheap, IMAGES, precision, tolerance);
    }

    /** Attention of 200 tokens, of which dense layers read the context; 2,478 columns are the limit. */
    private static Graph attentionBeforeLayers(int width) {
        Graph graph = new Graph(Init.TIMM);
        Tensor qkv = graph.dense("qkv", graph.input("tokens", 200, 24), 24);
        Tensor q = graph.splitHeads("q", qkv, 4, 0, 3);
        Tensor scores = graph.scores("scores", q, graph.splitHeads("k", qkv, 4, 1, 3), 2);
        Tensor sum = graph.weightedSum("sum", graph.softmax("probs", scores), graph.splitHeads("v", qkv, 4, 2, 3));
        Tensor wide = graph.dense("wide", graph.mergeHeads("merged", sum), width);
        graph.output(Graph.LOGITS, graph.mean("logits", graph.dense("narrow", wide, 12), 0));
        return graph;
    }

    /** Dropout must not overwrite the probabilities, which the gradient of softmax reads. */
    @Test
    void dropoutKeepsTheProbabilities() {
        Graph graph = new Graph(Init.TIMM);
        Tensor qkv = graph.dense("qkv", graph.input("tokens", 20, 12), 24);
        Tensor dropped = graph.dropout("dropped", probabilities(graph, qkv), 0.5);
        Tensor sum = graph.weightedSum("sum", dropped, graph.splitHeads("v", qkv, 2, 2, 3));
        graph.output(Graph.LOGITS, graph.mean("logits", graph.mergeHeads("merged", sum), 0));
        SameDiffComparison.assertSameGradient(graph, IMAGES, Precision.FP32, 1e-4);
    }

    private static Tensor probabilities(Graph graph, Tensor qkv) {
        Tensor q = graph.splitHeads("q", qkv, 2, 0, 3);
        return graph.softmax("probs", graph.scores("scores", q, graph.splitHeads("k", qkv, 2, 1, 3), 4));
    }

    private static long softmaxes(Graph graph, int batch) {
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        INDArray gradient = Nd4j.zeros(DataType.FLOAT, parameters.trainable().length());
        List<String> logits = List.of(graph.logits().name());
        var spec = new GradientStep.GradientSpec(network -> null, List.of());
        try (OneDnnPlan plan = OneDnnPlanner.training(
                graph, parameters, Mode.TRAINING, batch, logits, logits, gradient, Precision.FP32, spec)) {
            return plan.steps().stream()
                    .filter(step -> step.kind().equals("softmax"))
                    .count();
        }
    }
}
