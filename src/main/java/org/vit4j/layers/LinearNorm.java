package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/** Dense, then batch normalization over every token of the batch: what LeViT has for a linear layer. */
public final class LinearNorm {
    private static final double EPSILON = 1e-5;

    private LinearNorm() {}

    /**
     * [T, D] -> [T, units]
     *
     * @param bias usually false: the normalization takes it out again
     * @param gamma zeros when a branch is to begin as nothing
     */
    public static Tensor build(Graph g, Tensor x, int units, boolean bias, Init gamma) {
        Tensor y = g.dense("linear", x, units, bias); // [T, units]
        return g.batchNorm("bn", y, y.shape().rank() - 1, EPSILON, gamma);
    }
}
