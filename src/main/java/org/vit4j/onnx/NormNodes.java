package org.vit4j.onnx;

import java.util.List;
import java.util.stream.LongStream;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Normalization layers. ONNX' batch norm requires the channel axis right after the batch. */
final class NormNodes {
    private NormNodes() {}

    static String layerNorm(OnnxGraphBuilder nodes, Tensor t, NormOp.LayerNorm norm, OnnxValue x) {
        String gamma = nodes.weight(t.parameters().get(0));
        String beta = nodes.weight(t.parameters().get(1));
        if (!norm.epsilonOutside()) {
            return nodes.node(
                    "LayerNormalization",
                    t.name(),
                    List.of(x.plain(), gamma, beta),
                    OnnxGraphBuilder.integer("axis", -1),
                    OnnxGraphBuilder.real("epsilon", norm.epsilon()));
        }
        String mean =
                nodes.node("ReduceMean", t.name() + "/mean", List.of(x.plain()), OnnxGraphBuilder.integers("axes", -1));
        String centered = nodes.node("Sub", t.name() + "/centered", List.of(x.plain(), mean));
        String square = nodes.node("Mul", t.name() + "/square", List.of(centered, centered));
        String variance = nodes.node(
                "ReduceMean", t.name() + "/variance", List.of(square), OnnxGraphBuilder.integers("axes", -1));
        String deviation = nodes.node("Sqrt", t.name() + "/deviation", List.of(variance));
        String safe = nodes.node("Add", t.name() + "/safe", List.of(deviation, nodes.number(norm.epsilon())));
        String unit = nodes.node("Div", t.name() + "/unit", List.of(centered, safe));
        String scaled = nodes.node("Mul", t.name() + "/scaled", List.of(unit, gamma));
        return nodes.node("Add", t.name(), List.of(scaled, beta));
    }

    static OnnxValue batchNorm(OnnxGraphBuilder nodes, Tensor t, NormOp.BatchNorm norm, OnnxValue x) {
        int last = t.shape().rank() - 1;
        if (x.isImage() && norm.axis() == last) {
            return OnnxValue.image(nodes, t.shape(), batchNorm(nodes, t, norm, t.name(), x.image()));
        }
        return OnnxValue.plain(nodes, t.shape(), plain(nodes, t, norm, x.plain()));
    }

    private static String plain(OnnxGraphBuilder nodes, Tensor t, NormOp.BatchNorm norm, String x) {
        int rank = t.shape().rank();
        if (norm.axis() == 0) return batchNorm(nodes, t, norm, t.name(), x);
        if (norm.axis() == rank - 1) {
            // Merge examples and tokens: [B * T, C].
            String rows = nodes.node(
                    "Reshape",
                    t.name() + "/rows",
                    List.of(x, nodes.list(-1, t.shape().last())));
            String y = batchNorm(nodes, t, norm, t.name() + "/normal", rows);
            return ShapeNodes.reshape(nodes, t.name(), y, t.shape());
        }
        long[] swap = LongStream.rangeClosed(0, rank).toArray(); // swaps the axis with axis 1; its own inverse
        swap[1] = norm.axis() + 1L;
        swap[norm.axis() + 1] = 1;
        String transposed = ShapeNodes.transpose(nodes, t.name() + "/turned", x, swap);
        String y = batchNorm(nodes, t, norm, t.name() + "/normal", transposed);
        return ShapeNodes.transpose(nodes, t.name(), y, swap);
    }

    private static String batchNorm(OnnxGraphBuilder nodes, Tensor t, NormOp.BatchNorm norm, String name, String x) {
        List<String> in = new java.util.ArrayList<>(List.of(x));
        t.parameters().forEach(weight -> in.add(nodes.weight(weight))); // gamma, beta, mean, variance
        return nodes.node("BatchNormalization", name, in, OnnxGraphBuilder.real("epsilon", norm.epsilon()));
    }

    /** Group norm as instance norm, with each group's pixels and channels flattened to one channel. */
    static OnnxValue groupNorm(OnnxGraphBuilder nodes, Tensor t, NormOp.GroupNorm norm, OnnxValue x) {
        int groups = norm.groups();
        Shape shape = t.shape();
        long group = shape.size() / groups;
        String grouped = nodes.node("Reshape", t.name() + "/groups", List.of(x.image(), nodes.list(-1, groups, group)));
        String ones = nodes.shared("constant/ones_" + groups, () -> filled(nodes, "constant/ones_", 1, groups));
        String zeros = nodes.shared("constant/zeros_" + groups, () -> filled(nodes, "constant/zeros_", 0, groups));
        String unit = nodes.node(
                "InstanceNormalization",
                t.name() + "/unit",
                List.of(grouped, ones, zeros),
                OnnxGraphBuilder.real("epsilon", norm.epsilon()));
        String dims = nodes.list(-1, shape.dim(2), shape.dim(0), shape.dim(1));
        String restored = nodes.node("Reshape", t.name() + "/whole", List.of(unit, dims));
        String scaled = nodes.node("Mul", t.name() + "/scaled", List.of(restored, column(nodes, t, 0)));
        return OnnxValue.image(nodes, shape, nodes.node("Add", t.name(), List.of(scaled, column(nodes, t, 1))));
    }

    private static String filled(OnnxGraphBuilder nodes, String name, float value, int count) {
        float[] values = new float[count];
        java.util.Arrays.fill(values, value);
        return nodes.floats(name + count, values, count);
    }

    /** [C] -> [C, 1, 1] */
    private static String column(OnnxGraphBuilder nodes, Tensor t, int weight) {
        String name = nodes.weight(t.parameters().get(weight));
        return nodes.node("Unsqueeze", name + "/column", List.of(name, nodes.list(1, 2)));
    }
}
