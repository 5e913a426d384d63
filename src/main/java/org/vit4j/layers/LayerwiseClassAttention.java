package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * CeiT's layer-wise class-token attention, LCA (arXiv:2103.11816, section 3.3): the class token of the last layer
 * attends to the class tokens of all layers, followed by an MLP.
 */
public record LayerwiseClassAttention(Attention attention, Mlp mlp, double normEps) {

    /** Class tokens [L, D] of L layers -> [1, D] */
    public Tensor build(Graph g, Tensor x) {
        Tensor last = g.slice("last", x, 0, x.dim(0) - 1, x.dim(0)); // [1, D]
        PreNorm norm = PreNorm.plain(normEps);
        Tensor context = norm.branch(g, "1", x, 0, y -> attend(g.scope("attn"), y)); // [1, D]
        Tensor added = g.add("add1", last, context); // [1, D]
        return norm.residual(g, "2", added, 0, y -> mlp.build(g.scope("feedforward"), y)); // [1, D]
    }

    private Tensor attend(Graph g, Tensor x) {
        int layers = x.dim(0), heads = attention.heads();
        Tensor qkv = g.lastTokenQkv("qkv", x, heads * attention.headDim(), attention.qkvBias()); // [1 + 2 * L, H * d]
        Tensor q = g.splitHeads("q", g.slice("query", qkv, 0, 0, 1), heads); // [H, 1, d]
        Tensor k = g.splitHeads("k", g.slice("keys", qkv, 0, 1, 1 + layers), heads); // [H, L, d]
        Tensor v = g.splitHeads("v", g.slice("values", qkv, 0, 1 + layers, 1 + 2 * layers), heads); // [H, L, d]
        Tensor context = new Qkv(q, k, v).attend(g, attention.scale(), attention.attnDrop()); // [1, H * d]
        Tensor out = attention.project() ? g.dense("proj", context, x.dim(1)) : context; // [1, D]
        return g.dropout("proj_drop", out, attention.projDrop()); // [1, D]
    }
}
