package org.vit4j.onnx;

import java.util.List;
import java.util.stream.IntStream;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Weight;

/** Attention: heads [H, T, d], maps [H, T, S], tokens [T, D], the batch in front of each. */
final class HeadNodes {
    private HeadNodes() {}

    /** One turn serves q, k and v: [B, T, parts * H * d] -> [parts, B, H, T, d], of which each takes its own. */
    static String splitHeads(Nodes nodes, Tensor t, Op.SplitHeads split, Value x) {
        long tokens = t.dim(1), width = t.dim(2), heads = split.heads();
        if (split.parts() == 1) {
            String cut =
                    nodes.node("Reshape", t.name() + "/cut", List.of(x.plain(), nodes.list(-1, tokens, heads, width)));
            return ShapeNodes.transpose(nodes, t.name(), cut, 0, 2, 1, 3);
        }
        String key = t.input().name() + "/heads_" + heads + "_" + split.parts();
        String all = nodes.shared(key, () -> {
            String cut = nodes.node(
                    "Reshape", key + "/cut", List.of(x.plain(), nodes.list(-1, tokens, split.parts(), heads, width)));
            return ShapeNodes.transpose(nodes, key, cut, 2, 0, 3, 1, 4);
        });
        return nodes.node("Gather", t.name(), List.of(all, nodes.whole(split.part())), Nodes.whole("axis", 0));
    }

    static String mergeHeads(Nodes nodes, Tensor t, Value x) {
        String turned = ShapeNodes.transpose(nodes, t.name() + "/turned", x.plain(), 0, 2, 1, 3);
        return ShapeNodes.reshape(nodes, t.name(), turned, t.shape());
    }

    static String scores(Nodes nodes, Tensor t, Op.Scores scores, Value q, Value k) {
        String keys = ShapeNodes.transpose(nodes, t.name() + "/keys", k.plain(), 0, 1, 3, 2);
        String queries = nodes.node("Mul", t.name() + "/queries", List.of(q.plain(), nodes.number(scores.scale())));
        return nodes.node("MatMul", t.name(), List.of(queries, keys));
    }

    /** Maps are the channels of an image [T, S]: a convolution of one pixel mixes them. */
    static String mixHeads(Nodes nodes, Tensor t, Value x) {
        String kernel = nodes.weight(t.weights().get(0), Initializer.Order.PIXEL);
        return ImageNodes.convolution(nodes, t, t.name(), x.plain(), kernel);
    }

    static String relativeBias(Nodes nodes, Tensor t, HeadOp.RelativeBias bias, Value x) {
        long[] index = IntStream.of(bias.index()).asLongStream().toArray();
        String places = nodes.ints(t.name() + "/index", index, t.dim(1), t.dim(2));
        List<String> table = List.of(nodes.weight(t.weights().get(0)), places);
        String found = nodes.node("Gather", t.name() + "/table", table, Nodes.whole("axis", 1)); // [H, T, S]
        if (bias.factor() != 1) {
            found = nodes.node("Mul", t.name() + "/scaled", List.of(found, nodes.number(bias.factor())));
        }
        return nodes.node("Add", t.name(), List.of(x.plain(), found));
    }

    /** exp(x w' - |x|^2 / 2) / sqrt(m) */
    static String features(Nodes nodes, Tensor t, HeadOp.PerformerFeatures features, Value x) {
        Weight w = t.weights().get(0);
        String turned = nodes.shared(
                w.name() + "/turned",
                () -> ShapeNodes.transpose(nodes, w.name() + "/turned", nodes.weight(w), 1, 0)); // [D, m]
        String product = nodes.node("MatMul", t.name() + "/product", List.of(x.plain(), turned));
        String square = nodes.node("Mul", t.name() + "/square", List.of(x.plain(), x.plain()));
        String length = sum(nodes, t.name() + "/length", square, -1); // [B, T, 1]
        String half = nodes.node("Mul", t.name() + "/half", List.of(length, nodes.number(0.5)));
        String exponent = nodes.node("Sub", t.name() + "/exponent", List.of(product, half));
        String exp = nodes.node("Exp", t.name() + "/exp", List.of(exponent));
        return nodes.node("Mul", t.name(), List.of(exp, nodes.number(1 / Math.sqrt(features.features()))));
    }

    /** q (k' v) / (q sum(k) + epsilon) */
    static String linear(Nodes nodes, Tensor t, HeadOp.LinearAttention linear, List<Value> in) {
        String q = in.get(0).plain(), k = in.get(1).plain(), v = in.get(2).plain();
        String turned = ShapeNodes.transpose(nodes, t.name() + "/keys", k, 0, 2, 1); // [B, m, S]
        String memory = nodes.node("MatMul", t.name() + "/memory", List.of(turned, v)); // [B, m, n]
        String heard = nodes.node("MatMul", t.name() + "/heard", List.of(q, memory)); // [B, T, n]
        String sum = sum(nodes, t.name() + "/sum", turned, -1); // [B, m, 1]
        String weight = nodes.node("MatMul", t.name() + "/weight", List.of(q, sum)); // [B, T, 1]
        String norm = nodes.node("Add", t.name() + "/norm", List.of(weight, nodes.number(linear.epsilon())));
        return nodes.node("Div", t.name(), List.of(heard, norm));
    }

    private static String sum(Nodes nodes, String name, String x, int axis) {
        return nodes.node("ReduceSum", name, List.of(x, nodes.list(axis)), Nodes.whole("keepdims", 1));
    }

    /** The query of the last token, then all keys, then all values: [B, T, D] -> [B, 1 + 2 T, width]. */
    static String lastQuery(Nodes nodes, Tensor t, HeadOp.LastQuery last, Value x) {
        int tokens = x.shape().dim(0);
        String asking = ShapeNodes.slice(nodes, t.name() + "/last", x.plain(), 1, tokens - 1, tokens);
        List<String> kernels = split(nodes, t.weights().get(0), 1, last.width());
        List<String> biases = last.bias() ? split(nodes, t.weights().get(1), 0, last.width()) : List.of();
        List<String> rows = List.of(asking, x.plain(), x.plain());
        String[] parts = new String[3];
        for (int i = 0; i < 3; i++) {
            String part = t.name() + "/" + "qkv".charAt(i);
            String product = last.bias() ? part + "_product" : part;
            parts[i] = nodes.node("MatMul", product, List.of(rows.get(i), kernels.get(i)));
            if (last.bias()) parts[i] = nodes.node("Add", part, List.of(parts[i], biases.get(i)));
        }
        return nodes.node("Concat", t.name(), List.of(parts), Nodes.whole("axis", 1));
    }

    /** A weight in three along an axis. */
    private static List<String> split(Nodes nodes, Weight weight, int axis, int width) {
        List<String> parts = List.of(weight.name() + "/q", weight.name() + "/k", weight.name() + "/v");
        List<String> in = List.of(nodes.weight(weight), nodes.list(width, width, width));
        nodes.node("Split", parts, in, Nodes.whole("axis", axis));
        return parts;
    }
}
