package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
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
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.SlicePropagation;

/** Attention of few queries computes neither keys nor values; its result and gradients are those of SameDiff, which does. */
@Tag("slow")
@RequiresOneDnn
class AbsorbedAttentionTest {
    private static final int TOKENS = 17;
    private static final int WIDTH = 32;
    private static final Init NORMAL = new Init.NormalInit(0.5);
    private static final UnaryOperator<Tensor> PLAIN = UnaryOperator.identity();

    /** Each makes a tensor of few tokens from normalized tokens [17, 32], without keys and values. */
    private static final Map<String, BiFunction<Graph, Tensor, Tensor>> ABSORBED = new TreeMap<>(Map.of(
            "class token",
            (g, x) -> first(g, 1, selfAttention(g, x, 2, true, PLAIN)),
            "two tokens without biases",
            (g, x) -> first(g, 2, selfAttention(g, x, 2, false, PLAIN)),
            "last token with one head",
            (g, x) -> g.slice("last", selfAttention(g, x, 1, true, PLAIN), 0, TOKENS - 1, TOKENS),
            "separate layers",
            (g, x) -> crossAttention(g, first(g, 1, x), x, x),
            "separate tokens",
            (g, x) -> crossAttention(g, first(g, 2, x), x, g.activate("gelu", x, Activation.GELU)),
            "part of the tokens",
            (g, x) -> crossAttention(
                    g, first(g, 1, x), g.slice("rest", x, 0, 1, TOKENS), g.slice("all", x, 0, 1, TOKENS))));

    /** Attention with keys and values: more than the result is read, or there are many queries. */
    private static final Map<String, BiFunction<Graph, Tensor, Tensor>> COMPLETE = new TreeMap<>(Map.of(
            "all tokens",
            (g, x) -> selfAttention(g, x, 2, true, PLAIN),
            "mixed heads",
            (g, x) -> first(g, 1, selfAttention(g, x, 2, true, probs -> g.mixHeads("mix", probs, 2, true, NORMAL))),
            "probabilities with another reader",
            (g, x) -> {
                Tensor cls = first(g, 1, selfAttention(g, x, 1, true, PLAIN));
                Tensor probs = g.slice("row", g.tensor("probs"), 1, 0, 1); // [1, 1, 17]
                return g.add("both", cls, g.dense("of_probs", g.reshape("rows", probs, 1, TOKENS), WIDTH));
            },
            "values with another reader",
            (g, x) -> {
                Tensor cls = first(g, 1, selfAttention(g, x, 2, true, PLAIN));
                return g.add("both", cls, g.slice("value", g.mergeHeads("values", g.tensor("v")), 0, 3, 4));
            }));

    private static Tensor first(Graph g, int tokens, Tensor x) {
        return g.slice(x.name() + "_first", x, 0, 0, tokens);
    }

    private static Tensor selfAttention(Graph g, Tensor x, int heads, boolean bias, UnaryOperator<Tensor> transform) {
        Tensor qkv = g.dense("qkv", x, 3 * WIDTH, bias);
        Tensor k = g.splitHeads("k", qkv, heads, 1, 3);
        Tensor probs = g.softmax("probs", g.scores("scores", g.splitHeads("q", qkv, heads, 0, 3), k, 2));
        Tensor v = g.splitHeads("v", qkv, heads, 2, 3);
        return g.mergeHeads("merged", g.weightedSum("sum", transform.apply(probs), v));
    }

    private static Tensor crossAttention(Graph g, Tensor queries, Tensor keys, Tensor values) {
        Tensor q = g.splitHeads("q", g.dense("wq", queries, WIDTH), 2);
        Tensor k = g.splitHeads("k", g.dense("wk", keys, WIDTH), 2);
        Tensor v = g.splitHeads("v", g.dense("wv", values, WIDTH), 2);
        Tensor probs = g.softmax("probs", g.scores("scores", q, k, 2));
        return g.mergeHeads("merged", g.weightedSum("sum", probs, v));
    }

    private static Graph graph(BiFunction<Graph, Tensor, Tensor> attention) {
        Graph g = new Graph(Init.TIMM);
        Tensor tokens = g.addParameter("pos", g.input("tokens", TOKENS, WIDTH), Role.POSITION, NORMAL);
        Tensor y = attention.apply(g, g.layerNorm("norm", tokens, 1e-5));
        g.output(
                Graph.LOGITS,
                g.dense("head", g.reshape("flat", y, Math.toIntExact(y.shape().size())), 5));
        return g;
    }

    private static Stream<Arguments> cases(Map<String, BiFunction<Graph, Tensor, Tensor>> graphs) {
        return graphs.keySet().stream().flatMap(name -> Stream.of(1, 2, 5).map(images -> Arguments.of(name, images)));
    }

    static Stream<Arguments> absorbed() {
        return cases(ABSORBED);
    }

    static Stream<Arguments> complete() {
        return cases(COMPLETE);
    }

    private static boolean isAbsorbed(Graph graph, boolean training, Tensor... requested) {
        Set<Tensor> complete = new HashSet<>(List.of(requested));
        complete.add(graph.logits());
        Map<Tensor, List<Tensor>> consumers = new HashMap<>();
        var tensors = SlicePropagation.of(graph, complete, training).values();
        for (Tensor t : tensors)
            for (Tensor in : t.inputs())
                consumers.computeIfAbsent(in, any -> new ArrayList<>()).add(t);
        return tensors.stream()
                .anyMatch(t ->
                        AbsorbedAttention.of(t, consumers, complete, training).isPresent());
    }

    private static void assertSameAsSameDiff(Graph graph, int images) {
        SameDiffComparison.assertSameTensor(graph, images, graph.logits().name());
        SameDiffComparison.assertSameGradient(graph, images, Precision.FP32, 1e-3);
    }

    @ParameterizedTest
    @MethodSource("absorbed")
    void attentionOfFewQueriesIsAbsorbed(String name, int images) {
        Graph graph = graph(ABSORBED.get(name));
        assertThat(isAbsorbed(graph, true)).isTrue();
        assertSameAsSameDiff(graph, images);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void otherAttentionIsNot(String name, int images) {
        Graph graph = graph(COMPLETE.get(name));
        assertThat(isAbsorbed(graph, true)).isFalse();
        assertSameAsSameDiff(graph, images);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qkv", "k", "v", "scores", "probs"})
    void requestedTensorsAreComputed(String tensor) {
        Graph graph = graph(ABSORBED.get("class token"));
        assertThat(isAbsorbed(graph, true, graph.tensor(tensor))).isFalse();
        SameDiffComparison.assertSameTensor(graph, 2, tensor);
    }

    @ParameterizedTest
    @MethodSource("absorbed")
    void gradientOfBfloat16IsClose(String name, int images) {
        TestBackends.bf16(); // skips without it, and says why
        SameDiffComparison.assertSameGradient(graph(ABSORBED.get(name)), images, Precision.BF16, 5e-2);
    }

    /** Dropout of the probabilities changes their sum, which the bias of the values is multiplied by. */
    @Test
    void dropoutIsAbsorbedInInferenceOnly() {
        Graph graph =
                graph((g, x) -> first(g, 1, selfAttention(g, x, 2, true, probs -> g.dropout("drop", probs, 0.5))));
        assertThat(isAbsorbed(graph, true)).isFalse();
        assertThat(isAbsorbed(graph, false)).isTrue();
        assertSameAsSameDiff(graph, 3);
    }

    /** Its part of the gradient of qkv is filled with zeros, also if a caller has overwritten it. */
    @Test
    void biasOfTheKeysHasNoGradient() {
        Graph graph = graph(ABSORBED.get("class token"));
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        Map<String, INDArray> inputs = Map.of("tokens", Nd4j.randn(DataType.FLOAT, 2, TOKENS, WIDTH));
        var spec = new GradientStep.GradientSpec(
                network -> network.output(Graph.LOGITS).sum(), List.of());
        try (var step = new OneDnnGradientStep(graph, parameters, Mode.TRAINING, spec, Precision.FP32)) {
            step.flatGradient().assign(7);
            step.run(inputs);
            INDArray bias = step.gradientOf("qkv.bias");
            for (int i = 0; i < 3 * WIDTH; i++) {
                boolean key = i / WIDTH == 1;
                if (key) assertThat(bias.getFloat(i)).isZero();
                else assertThat(bias.getFloat(i)).isNotZero().isNotEqualTo(7);
            }
        }
    }
}
