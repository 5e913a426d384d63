package org.vit4j.layers;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** Feed-forward network of a transformer block: dense, activation, dense. */
public record Mlp(int hidden, Activation activation, double drop) {
    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x) {
        Tensor h = g.activate("act", g.dense("fc1", x, hidden), activation); // [T, hidden]
        Tensor y = g.dense("fc2", g.dropout("drop1", h, drop), x.dim(1)); // [T, D]
        return g.dropout("drop2", y, drop);
    }
}
