package org.vit4j.keras;

import java.util.List;
import org.vit4j.graph.Op;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Attention with its inner tensors in sight, so not Keras' {@code MultiHeadAttention}. */
final class AttentionLayers {
    private AttentionLayers() {}

    /** Queries, keys and values of one product share its cut into heads; each is then a crop of that. */
    static Node splitHeads(Network net, Tensor t, Op.SplitHeads split, Node x) {
        int parts = split.parts();
        if (parts == 1) return cut(net, t.name(), split.heads(), x);
        String path = t.input().name() + ".heads";
        int all = parts * split.heads();
        Node heads = net.shared(path + "." + all, () -> cut(net, path, all, x)); // [parts * H, T, d]
        int from = split.part() * split.heads();
        return ShapeLayers.slice(net, t.name(), heads, 0, from, from + split.heads()); // [H, T, d]
    }

    /** [T, H * d] -> [H, T, d] */
    private static Node cut(Network net, String path, int heads, Node x) {
        Shape apart = Shape.of(x.shape().dim(0), heads, x.shape().last() / heads);
        Node cut = ShapeLayers.reshape(net, path + ".cut", x, apart); // [T, H, d]
        return ShapeLayers.permute(net, path, cut, List.of(1, 0, 2));
    }

    static Node mergeHeads(Network net, Tensor t, Node x) {
        Node together = ShapeLayers.permute(net, t.name() + ".tokens", x, List.of(1, 0, 2)); // [T, H, d]
        return ShapeLayers.reshape(net, t.name(), together, t.shape()); // [T, H * d]
    }

    static Node scores(Network net, Tensor t, Op.Scores scores, List<Node> qk) {
        Node q = KerasLayers.scale(net, t.name() + ".scaled", scores.scale(), qk.get(0));
        return net.einsum(t.name(), "bhid,bhjd->bhij", t.shape(), q, qk.get(1));
    }

    static Node mix(Network net, Tensor t, List<Node> inputs) {
        return net.einsum(t.name(), "bhij,bhjd->bhid", t.shape(), inputs.get(0), inputs.get(1));
    }
}
