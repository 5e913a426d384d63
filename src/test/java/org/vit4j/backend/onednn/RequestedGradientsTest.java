package org.vit4j.backend.onednn;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/** Gradients of tensors that callers read are those of SameDiff, and do not change those of parameters. */
@RequiresOneDnn
class RequestedGradientsTest {
    private static final int IMAGES = 3;

    /** Tensors whose gradients would be overwritten in place if nothing else read them. */
    @Test
    void gradientsOfActivationsAndProbabilitiesAreNotOverwritten() {
        Graph graph = new Graph(Init.TIMM);
        Tensor hidden = graph.dense("hidden", graph.input("tokens", 6, 8), 12);
        Tensor active = graph.activate("active", hidden, Activation.GELU);
        Tensor qkv = graph.dense("qkv", active, 24);
        Tensor scores =
                graph.scores("scores", graph.splitHeads("q", qkv, 2, 0, 3), graph.splitHeads("k", qkv, 2, 1, 3), 4);
        Tensor sum = graph.weightedSum("sum", graph.softmax("probs", scores), graph.splitHeads("v", qkv, 2, 2, 3));
        graph.output(Graph.LOGITS, graph.mean("logits", graph.mergeHeads("merged", sum), 0));
        SameDiffComparison.assertSameGradient(
                graph,
                IMAGES,
                network -> network.output(Graph.LOGITS).norm2(),
                List.of("active", "hidden", "probs", "scores", "sum", "merged"),
                Precision.FP32,
                1e-4);
    }

    /** Such as those of frozen layers below the first that is trained. */
    @Test
    void tensorsBelowAllTrainedParametersHaveGradients() {
        Graph graph = new Graph(Init.TIMM);
        Tensor tokens = graph.input("tokens", 6, 8);
        Tensor active = graph.activate("active", tokens, Activation.GELU);
        Tensor heads = graph.splitHeads("heads", active, 2, 0, 1);
        Tensor sum = graph.weightedSum("sum", graph.softmax("probs", graph.scores("scores", heads, heads, 4)), heads);
        Tensor merged = graph.mergeHeads("merged", sum);
        graph.output(Graph.LOGITS, graph.dense("head", graph.mean("pool", merged, 0), 5));
        SameDiffComparison.assertSameGradient(
                graph,
                IMAGES,
                network -> network.output(Graph.LOGITS).norm2(),
                List.of("active", "probs", "merged"),
                Precision.FP32,
                1e-4);
    }

    @Test
    void aTensorThatTheLossReadsHasTheSumOfItsGradients() {
        Graph graph = new Graph(Init.TIMM);
        Tensor inner = graph.dense("inner", graph.input("tokens", 4, 8), 8);
        graph.output("inner", inner);
        graph.output(Graph.LOGITS, graph.dense("head", graph.mean("pool", inner, 0), 5));
        SameDiffComparison.assertSameGradient(
                graph,
                IMAGES,
                network -> network.output(Graph.LOGITS)
                        .sum()
                        .add(network.output("inner")
                                .mul(network.output("inner"))
                                .sum()),
                List.of("inner"),
                Precision.FP32,
                1e-4);
    }
}
