package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Performer attention with random features, linear in the number of tokens. */
final class FeatureLayers {
    private static final String PRODUCT = "abc,dc->abd";

    private FeatureLayers() {}

    /** exp(x w' - |x|^2 / 2) / sqrt(m): [T, D] -> [T, m]. */
    static KerasNode performerFeatures(KerasNetwork net, Tensor t, KerasNode x) {
        String path = t.name();
        Shape matrix = t.parameters().get(0).shape(); // [m, D]
        Map<String, Object> config =
                config("equation", PRODUCT, "output_shape", t.shape().dims(), "trainable", false);
        List<KerasVariable> kernel =
                List.of(KerasVariable.of("kernel", t.parameters().get(0)));
        KerasNode projected = net.layer(path + ".projected", "EinsumDense", config, t.shape(), kernel, x);
        KerasNode squares = net.merge(path + ".squares", "Multiply", config(), x.shape(), List.of(x, x));
        List<KerasVariable> halves = List.of(KerasVariable.filled("kernel", -0.5f, matrix));
        KerasNode norm = net.layer(path + ".norm", "EinsumDense", config, t.shape(), halves, squares);
        KerasNode sum = net.merge(path + ".sum", "Add", config(), t.shape(), List.of(projected, norm));
        KerasNode exp = net.layer(path + ".exp", "Activation", config("activation", "exponential"), t.shape(), sum);
        return KerasLayers.scale(net, path, 1 / Math.sqrt(t.shape().last()), exp);
    }

    /** q (k' v) / (q sum(k) + epsilon): [T, m], [S, m], [S, n] -> [T, n]. */
    static KerasNode attention(KerasNetwork net, Tensor t, AttentionOp.LinearAttention attention, List<KerasNode> qkv) {
        String path = t.name();
        KerasNode q = qkv.get(0);
        KerasNode k = qkv.get(1);
        int features = q.shape().last();
        Shape pairs = Shape.of(features, t.shape().last());
        KerasNode kv = net.einsum(path + ".kv", "bsm,bsn->bmn", pairs, k, qkv.get(2));
        KerasNode context = net.einsum(path + ".context", "btm,bmn->btn", t.shape(), q, kv);
        Map<String, Object> config = config("data_format", "channels_last");
        KerasNode mean = net.layer(path + ".mean", "GlobalAveragePooling1D", config, Shape.of(features), k);
        KerasNode sum = KerasLayers.scale(net, path + ".sum", k.shape().dim(0), mean);
        KerasNode normalizer = net.einsum(path + ".all", "btm,bm->bt", Shape.of(t.dim(0)), q, sum);
        KerasNode norm = KerasLayers.shift(net, path + ".norm", attention.epsilon(), normalizer);
        KerasNode column = ShapeLayers.reshape(net, path + ".column", norm, Shape.of(t.dim(0), 1));
        return net.op(path, "Divide", config(), t.shape(), List.of(context, column));
    }
}
