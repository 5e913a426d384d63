package org.vit4j.onnx;

import java.util.List;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Reshaping, slicing, concatenation, token tables and means. The batch axis comes first and has any size. */
final class ShapeNodes {
    private ShapeNodes() {}

    /** [B, ..] -> [B, to] */
    static String reshape(OnnxGraphBuilder nodes, String name, String x, Shape to) {
        return nodes.node("Reshape", name, List.of(x, nodes.list(to.batched(-1))));
    }

    static String permute(OnnxGraphBuilder nodes, Tensor t, LayoutOp.Permute permute, OnnxValue x) {
        long[] perm = new long[permute.axes().size() + 1];
        for (int i = 1; i < perm.length; i++) perm[i] = permute.axes().get(i - 1) + 1L;
        return transpose(nodes, t.name(), x.plain(), perm);
    }

    static String transpose(OnnxGraphBuilder nodes, String name, String x, long... perm) {
        return nodes.node("Transpose", name, List.of(x), OnnxGraphBuilder.integers("perm", perm));
    }

    static OnnxValue concat(OnnxGraphBuilder nodes, Tensor t, LayoutOp.Concat concat, List<OnnxValue> parts) {
        boolean image = parts.stream().allMatch(OnnxValue::isImage);
        int axis = image ? parts.get(0).axis(concat.axis()) : concat.axis() + 1;
        List<String> values =
                parts.stream().map(part -> image ? part.image() : part.plain()).toList();
        String concatenated = nodes.node("Concat", t.name(), values, OnnxGraphBuilder.integer("axis", axis));
        return image
                ? OnnxValue.image(nodes, t.shape(), concatenated)
                : OnnxValue.plain(nodes, t.shape(), concatenated);
    }

    static String slice(OnnxGraphBuilder nodes, Tensor t, LayoutOp.Slice slice, OnnxValue x) {
        return slice(nodes, t.name(), x.current(), x.axis(slice.axis()), slice.from(), slice.to());
    }

    /** @param axis including the batch */
    static String slice(OnnxGraphBuilder nodes, String name, String x, int axis, int from, int to) {
        return nodes.node("Slice", name, List.of(x, nodes.list(from), nodes.list(to), nodes.list(axis)));
    }

    /** Repeats learned tokens for each example of {@code x}. */
    static String tokens(OnnxGraphBuilder nodes, Tensor t, ParameterOp.LearnedTokens tokens, OnnxValue x) {
        String batch = nodes.node(
                "Shape",
                t.name() + "/batch",
                List.of(x.current()),
                OnnxGraphBuilder.integer("start", 0),
                OnnxGraphBuilder.integer("end", 1));
        String rest = nodes.list(tokens.count(), t.dim(1));
        String shape =
                nodes.node("Concat", t.name() + "/shape", List.of(batch, rest), OnnxGraphBuilder.integer("axis", 0));
        return nodes.node(
                "Expand", t.name(), List.of(nodes.weight(t.parameters().get(0)), shape));
    }

    static String mean(OnnxGraphBuilder nodes, Tensor t, ArithmeticOp.Mean mean, OnnxValue x) {
        // With channels first, what remains of an image without its rows or columns would be transposed.
        boolean channels = x.isImage() && mean.axis() == x.shape().rank() - 1;
        return nodes.node(
                "ReduceMean",
                t.name(),
                List.of(channels ? x.image() : x.plain()),
                OnnxGraphBuilder.integers("axes", channels ? 1 : mean.axis() + 1),
                OnnxGraphBuilder.integer("keepdims", 0));
    }
}
