package org.vit4j.onnx;

import java.util.List;
import java.util.stream.IntStream;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;

/** Attention with heads [B, H, T, d], scores and probabilities [B, H, T, S], and tokens [B, T, D]. */
final class AttentionNodes {
    private AttentionNodes() {}

    /** [B, T, parts * H * d] -> [parts, B, H, T, d] in one transpose shared by q, k and v, followed by a gather. */
    static String splitHeads(OnnxGraphBuilder nodes, Tensor t, LayoutOp.SplitHeads split, OnnxValue x) {
        long tokens = t.dim(1), width = t.dim(2), heads = split.heads();
        if (split.parts() == 1) {
            String reshaped =
                    nodes.node("Reshape", t.name() + "/cut", List.of(x.plain(), nodes.list(-1, tokens, heads, width)));
            return ShapeNodes.transpose(nodes, t.name(), reshaped, 0, 2, 1, 3);
        }
        String key = t.input().name() + "/heads_" + heads + "_" + split.parts();
        String parts = nodes.shared(key, () -> {
            String reshaped = nodes.node(
                    "Reshape", key + "/cut", List.of(x.plain(), nodes.list(-1, tokens, split.parts(), heads, width)));
            return ShapeNodes.transpose(nodes, key, reshaped, 2, 0, 3, 1, 4);
        });
        return nodes.node(
                "Gather", t.name(), List.of(parts, nodes.integer(split.part())), OnnxGraphBuilder.integer("axis", 0));
    }

    static String mergeHeads(OnnxGraphBuilder nodes, Tensor t, OnnxValue x) {
        String transposed = ShapeNodes.transpose(nodes, t.name() + "/turned", x.plain(), 0, 2, 1, 3);
        return ShapeNodes.reshape(nodes, t.name(), transposed, t.shape());
    }

    static String scores(
            OnnxGraphBuilder nodes, Tensor t, AttentionOp.AttentionScores scores, OnnxValue q, OnnxValue k) {
        String keys = ShapeNodes.transpose(nodes, t.name() + "/keys", k.plain(), 0, 1, 3, 2);
        String queries = nodes.node("Mul", t.name() + "/queries", List.of(q.plain(), nodes.number(scores.scale())));
        return nodes.node("MatMul", t.name(), List.of(queries, keys));
    }

    /** Mixes heads by a 1x1 convolution, with the heads as channels of an image [T, S]. */
    static String mixHeads(OnnxGraphBuilder nodes, Tensor t, OnnxValue x) {
        String kernel = nodes.weight(t.parameters().get(0), Initializer.InitializerOrder.POINTWISE);
        return ImageNodes.convolution(nodes, t, t.name(), x.plain(), kernel);
    }

    static String relativeBias(OnnxGraphBuilder nodes, Tensor t, AttentionOp.RelativeBias bias, OnnxValue x) {
        long[] index = IntStream.of(bias.index()).asLongStream().toArray();
        String offsets = nodes.ints(t.name() + "/index", index, t.dim(1), t.dim(2));
        List<String> table = List.of(nodes.weight(t.parameters().get(0)), offsets);
        String biases =
                nodes.node("Gather", t.name() + "/table", table, OnnxGraphBuilder.integer("axis", 1)); // [H, T, S]
        if (bias.factor() != 1) {
            biases = nodes.node("Mul", t.name() + "/scaled", List.of(biases, nodes.number(bias.factor())));
        }
        return nodes.node("Add", t.name(), List.of(x.plain(), biases));
    }

    /** exp(x w' - |x|^2 / 2) / sqrt(m) */
    static String features(OnnxGraphBuilder nodes, Tensor t, AttentionOp.PerformerFeatures features, OnnxValue x) {
        Parameter w = t.parameters().get(0);
        String transposed = nodes.shared(
                w.name() + "/turned",
                () -> ShapeNodes.transpose(nodes, w.name() + "/turned", nodes.weight(w), 1, 0)); // [D, m]
        String product = nodes.node("MatMul", t.name() + "/product", List.of(x.plain(), transposed));
        String square = nodes.node("Mul", t.name() + "/square", List.of(x.plain(), x.plain()));
        String length = sum(nodes, t.name() + "/length", square, -1); // [B, T, 1]
        String half = nodes.node("Mul", t.name() + "/half", List.of(length, nodes.number(0.5)));
        String exponent = nodes.node("Sub", t.name() + "/exponent", List.of(product, half));
        String exp = nodes.node("Exp", t.name() + "/exp", List.of(exponent));
        return nodes.node("Mul", t.name(), List.of(exp, nodes.number(1 / Math.sqrt(features.features()))));
    }

    /** q (k' v) / (q sum(k) + epsilon) */
    static String linear(OnnxGraphBuilder nodes, Tensor t, AttentionOp.LinearAttention linear, List<OnnxValue> in) {
        String q = in.get(0).plain(), k = in.get(1).plain(), v = in.get(2).plain();
        String transposed = ShapeNodes.transpose(nodes, t.name() + "/keys", k, 0, 2, 1); // [B, m, S]
        String memory = nodes.node("MatMul", t.name() + "/memory", List.of(transposed, v)); // [B, m, n]
        String context = nodes.node("MatMul", t.name() + "/context", List.of(q, memory)); // [B, T, n]
        String sum = sum(nodes, t.name() + "/sum", transposed, -1); // [B, m, 1]
        String weight = nodes.node("MatMul", t.name() + "/weight", List.of(q, sum)); // [B, T, 1]
        String norm = nodes.node("Add", t.name() + "/norm", List.of(weight, nodes.number(linear.epsilon())));
        return nodes.node("Div", t.name(), List.of(context, norm));
    }

    private static String sum(OnnxGraphBuilder nodes, String name, String x, int axis) {
        return nodes.node("ReduceSum", name, List.of(x, nodes.list(axis)), OnnxGraphBuilder.integer("keepdims", 1));
    }

    /** [B, T, D] -> [B, 1 + 2 T, width]: the query of the last token, all keys, all values. */
    static String lastQuery(OnnxGraphBuilder nodes, Tensor t, AttentionOp.LastTokenQkv last, OnnxValue x) {
        int tokens = x.shape().dim(0);
        String lastToken = ShapeNodes.slice(nodes, t.name() + "/last", x.plain(), 1, tokens - 1, tokens);
        List<String> kernels = split(nodes, t.parameters().get(0), 1, last.width());
        List<String> biases = last.bias() ? split(nodes, t.parameters().get(1), 0, last.width()) : List.of();
        List<String> rows = List.of(lastToken, x.plain(), x.plain());
        String[] parts = new String[3];
        for (int i = 0; i < 3; i++) {
            String part = t.name() + "/" + "qkv".charAt(i);
            String product = last.bias() ? part + "_product" : part;
            parts[i] = nodes.node("MatMul", product, List.of(rows.get(i), kernels.get(i)));
            if (last.bias()) parts[i] = nodes.node("Add", part, List.of(parts[i], biases.get(i)));
        }
        return nodes.node("Concat", t.name(), List.of(parts), OnnxGraphBuilder.integer("axis", 1));
    }

    /** Splits a parameter into q, k and v along an axis. */
    private static List<String> split(OnnxGraphBuilder nodes, Parameter weight, int axis, int width) {
        List<String> parts = List.of(weight.name() + "/q", weight.name() + "/k", weight.name() + "/v");
        List<String> in = List.of(nodes.weight(weight), nodes.list(width, width, width));
        nodes.node("Split", parts, in, OnnxGraphBuilder.integer("axis", axis));
        return parts;
    }
}
