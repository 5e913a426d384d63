package com.example.user;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** A user's layer: attention, then a wide layer, both with layer norm and residual. */
record GatedBlock(int heads, int width) {

    /** [T, D] -> [T, D] */
    Tensor build(Graph g, Tensor x) {
        Tensor y = g.layerNorm("norm1", x, 1e-6); // [T, D]
        Tensor q = g.splitHeads("q.heads", g.dense("q", y, x.dim(1)), heads); // [H, T, d]
        Tensor k = g.splitHeads("k.heads", g.dense("k", y, x.dim(1)), heads); // [H, T, d]
        Tensor v = g.splitHeads("v.heads", g.dense("v", y, x.dim(1)), heads); // [H, T, d]
        Tensor probs = g.softmax("probs", g.scores("scores", q, k, Math.sqrt((double) heads / x.dim(1)))); // [H, T, T]
        Tensor context = g.mergeHeads("merged", g.weightedSum("context", probs, v)); // [T, D]
        x = g.add("add1", x, g.dense("proj", context, x.dim(1))); // [T, D]
        Tensor hidden = g.activate("act", g.dense("fc1", g.layerNorm("norm2", x, 1e-6), width), Activation.GELU);
        return g.add("add2", x, g.dense("fc2", hidden, x.dim(1))); // [T, D]
    }
}
