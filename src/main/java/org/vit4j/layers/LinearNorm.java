package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/** LeViT's linear layer: dense, then batch normalization over all tokens of the batch. */
public final class LinearNorm {
    private static final double EPSILON = 1e-5;

    private LinearNorm() {}

    /**
     * [T, D] -> [T, units]
     *
     * @param bias usually false, because the normalization removes it
     * @param gamma initial scale of the norm; zeros make a residual branch start as identity
     */
    public static Tensor build(Graph g, Tensor x, int units, boolean bias, Init gamma) {
        Tensor y = g.dense("linear", x, units, bias); // [T, units]
        return g.batchNorm("bn", y, y.shape().rank() - 1, EPSILON, gamma); // [T, units]
    }
}
