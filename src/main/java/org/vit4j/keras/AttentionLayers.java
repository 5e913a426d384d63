package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Attention as separate layers. Keras' {@code MultiHeadAttention} would hide scores and probabilities. */
final class AttentionLayers {
    private AttentionLayers() {}

    /** Splits into heads. A fused qkv product is split once; queries, keys and values are slices of the result. */
    static KerasNode splitHeads(KerasNetwork net, Tensor t, LayoutOp.SplitHeads split, KerasNode x) {
        int parts = split.parts();
        if (parts == 1) return toHeads(net, t.name(), split.heads(), x);
        String path = t.input().name() + ".heads";
        int totalHeads = parts * split.heads();
        KerasNode heads =
                net.shared(path + "." + totalHeads, () -> toHeads(net, path, totalHeads, x)); // [parts * H, T, d]
        int from = split.part() * split.heads();
        return ShapeLayers.slice(net, t.name(), heads, 0, from, from + split.heads()); // [H, T, d]
    }

    /** [T, H * d] -> [H, T, d] */
    private static KerasNode toHeads(KerasNetwork net, String path, int heads, KerasNode x) {
        Shape perHead = Shape.of(x.shape().dim(0), heads, x.shape().last() / heads);
        KerasNode reshaped = ShapeLayers.reshape(net, path + ".cut", x, perHead); // [T, H, d]
        return ShapeLayers.permute(net, path, reshaped, List.of(1, 0, 2));
    }

    static KerasNode mergeHeads(KerasNetwork net, Tensor t, KerasNode x) {
        KerasNode tokensFirst = ShapeLayers.permute(net, t.name() + ".tokens", x, List.of(1, 0, 2)); // [T, H, d]
        return ShapeLayers.reshape(net, t.name(), tokensFirst, t.shape()); // [T, H * d]
    }

    static KerasNode scores(KerasNetwork net, Tensor t, AttentionOp.AttentionScores scores, List<KerasNode> qk) {
        KerasNode q = KerasLayers.scale(net, t.name() + ".scaled", scores.scale(), qk.get(0));
        return net.einsum(t.name(), "bhid,bhjd->bhij", t.shape(), q, qk.get(1));
    }

    /** [H, T, S] -> [G, T, S] */
    static KerasNode mixHeads(KerasNetwork net, Tensor t, AttentionOp.MixHeads mix, KerasNode x) {
        Map<String, Object> config =
                config("equation", "bhij,hg->bgij", "output_shape", t.shape().dims());
        List<KerasVariable> variables = new ArrayList<>(
                List.of(KerasVariable.of("kernel", t.parameters().get(0))));
        if (mix.bias()) {
            config.put("bias_axes", "g");
            variables.add(KerasVariable.of("bias", t.parameters().get(1), Shape.of(mix.heads(), 1, 1)));
        }
        return net.layer(t.name(), "EinsumDense", config, t.shape(), variables, x);
    }

    /**
     * Relative position bias. Keras also stores the small table [H, offsets] and looks it up, so positions with equal
     * offsets keep sharing one trainable value.
     */
    static KerasNode relativeBias(KerasNetwork net, Tensor t, AttentionOp.RelativeBias bias, KerasNode scores) {
        Parameter weight = t.parameters().get(0);
        KerasNode table = ParameterLayers.table(net, weight); // [H, offsets]
        if (bias.factor() != 1) table = KerasLayers.scale(net, weight.name() + ".scaled", bias.factor(), table);
        int[] flatIndex = bias.index();
        int sources = t.dim(2);
        List<List<Integer>> index = new ArrayList<>();
        for (int row = 0; row < flatIndex.length; row += sources) {
            index.add(IntStream.of(flatIndex).skip(row).limit(sources).boxed().toList());
        }
        Map<String, Object> constant =
                config("class_name", "__numpy__", "config", config("value", index, "dtype", "int32"));
        KerasNode biases =
                net.op(weight.name() + ".found", "Take", config("axis", 2), t.shape(), List.of(table), constant);
        return net.merge(t.name(), "Add", config(), t.shape(), List.of(scores, biases));
    }

    static KerasNode weightedSum(KerasNetwork net, Tensor t, List<KerasNode> inputs) {
        return net.einsum(t.name(), "bhij,bhjd->bhid", t.shape(), inputs.get(0), inputs.get(1));
    }
}
