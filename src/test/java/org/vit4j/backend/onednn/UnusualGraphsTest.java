package org.vit4j.backend.onednn;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.models.Models;

/** Graphs that users may build, but no network here usually has: views, parts and axes of size 1 in all places. */
@Tag("slow")
@RequiresOneDnn
class UnusualGraphsTest {
    private static final Init NORMAL = new Init.NormalInit(0.5);

    /** Each makes a tensor from the input [6, 4]. */
    private static final Map<String, BiFunction<Graph, Tensor, Tensor>> GRAPHS = new TreeMap<>(Map.of(
            "sum after permute",
            (g, x) -> g.add("y", g.permute("p", g.dense("d", x, 4), 1, 0), g.input("second", 4, 6)),
            "batch norm after permute",
            (g, x) -> g.batchNorm("y", g.permute("p", g.dense("d", x, 6), 1, 0), 1e-3),
            "layer scale after permute",
            (g, x) -> g.layerScale("y", g.permute("p", g.dense("d", x, 6), 1, 0), NORMAL),
            "batch norm of a part",
            (g, x) -> g.batchNorm("y", g.slice("s", g.layerNorm("n", x, 1e-5), 1, 0, 3), 1e-3),
            "dense layer of a column",
            (g, x) -> g.dense("y", g.slice("s", g.dense("d", x, 2), 1, 1, 2), 5),
            "dense layer of a column as a row",
            (g, x) -> g.dense("y", g.reshape("r", g.slice("s", g.dense("d", x, 2), 1, 1, 2), 6), 5),
            "group norm of one group",
            (g, x) -> g.groupNorm("y", g.reshape("r", x, 2, 3, 4), 1, 1e-3),
            "standardized convolution with one filter",
            (g, x) -> g.standardizedConv2d("y", g.reshape("r", x, 3, 2, 4), 1, Window.square(2, 1, 0), 1e-4),
            "overlapping parts of values",
            UnusualGraphsTest::overlappingParts,
            "sum after linear attention",
            UnusualGraphsTest::linearAttention));

    static {
        GRAPHS.put("batch norm of one channel", (g, x) -> g.batchNorm("y", g.dense("d", x, 1), 1e-3));
        GRAPHS.put(
                "batch norm of one head",
                (g, x) -> g.batchNorm("y", g.splitHeads("h", g.dense("d", x, 4), 1), 0, 1e-3, Init.ONES));
    }

    private static Tensor overlappingParts(Graph g, Tensor x) {
        Tensor qkv = g.dense("qkv", x, 12);
        Tensor v = g.splitHeads("v", qkv, 2, 2, 3);
        Tensor scores = g.scores("scores", g.splitHeads("q", qkv, 2, 0, 3), g.splitHeads("k", qkv, 2, 1, 3), 1);
        Tensor sum = g.weightedSum("sum", g.softmax("probs", scores), v);
        Tensor parts = g.add("parts", g.slice("first", v, 1, 0, 5), g.slice("last", v, 1, 1, 6));
        return g.concat("y", 1, sum, parts);
    }

    /** The sum may overwrite the result of linear attention only if the gradient does not need it. */
    private static Tensor linearAttention(Graph g, Tensor x) {
        Tensor norm = g.layerNorm("norm", x, 1e-5);
        Tensor q = g.performerFeatures("q", "features", norm, 4, NORMAL);
        Tensor k = g.performerFeatures("k", "features", g.dense("d", norm, 4), 4, NORMAL);
        return g.addParameter("y", g.linearAttention("attention", q, k, x, 1e-4), Role.POSITION, NORMAL);
    }

    static Stream<Arguments> graphs() {
        return GRAPHS.keySet().stream().flatMap(name -> Stream.of(1, 2, 5).map(images -> Arguments.of(name, images)));
    }

    private static Graph graph(String name) {
        Graph g = new Graph(Init.TIMM);
        Tensor y = GRAPHS.get(name).apply(g, g.input("tokens", 6, 4));
        int size = Math.toIntExact(y.shape().size());
        g.output(Graph.LOGITS, g.dense("head", g.reshape("flat", y, size), 5));
        return g;
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void logitsAreThoseOfSameDiff(String name, int images) {
        Graph graph = graph(name);
        SameDiffComparison.assertSameTensor(graph, images, graph.logits().name());
        SameDiffComparison.assertSameTensor(
                graph, images, graph.logits().input().input().name());
    }

    /** One head, one cell of a grid or one token: arrays with several axes of size 1. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "arch: cait, image: {size: 8, channels: 1}, patch_size: 4, dim: 8, depth: 1, heads: 1, mlp_ratio: 2",
                "arch: cvt, flavor: community, image: {size: 16, channels: 1}, dim: [8, 8, 8], depth: [1, 1, 1],"
                        + " heads: [1, 1, 1], mlp_ratio: 2",
                "arch: t2t_vit, tokens_type: performer, image: {size: 8, channels: 1}, token_dim: 6, dim: 12, depth: 1,"
                        + " heads: 2, soft_split: [[7, 4, 2], [3, 2, 1], [3, 1, 1]]"
            })
    void gradientOfOneImageIsThatOfSameDiff(String model) {
        Graph graph = Models.builtIn()
                .parse("model: {" + model + ", classes: 5}", "model")
                .graph();
        SameDiffComparison.assertSameGradient(graph, 1, Precision.FP32, 1e-3);
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void gradientIsThatOfSameDiff(String name, int images) {
        SameDiffComparison.assertSameGradient(graph(name), images, Precision.FP32, 1e-3);
    }
}
