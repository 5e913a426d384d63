package org.vit4j.layers;

import java.util.Optional;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * Multi-head attention with optional talking heads: learned linear combinations of the heads before and after the
 * softmax (Shazeer et al. 2020, arXiv:2003.02436).
 *
 * @param mixing parameters of the talking heads; empty for plain attention
 */
public record TalkingHeads(
        AttentionHeads heads,
        Products products,
        boolean qkvBias,
        Optional<Mixing> mixing,
        double attnDrop,
        double projDrop) {

    /** Fused or separate projections; {@code QKV} requires queries and sources to be the same tensor. */
    public enum Products {
        QKV,
        Q_KV,
        Q_K_V
    }

    /** Bias and initializer of the matrices over the heads. */
    public record Mixing(boolean bias, Init init) {}

    /**
     * Queries from x [T, D], keys and values from sources [S, D] -> [T, D]. The attention probabilities are the tensor
     * {@code probs} [H, T, S], after the second mixing {@code proj_w}.
     */
    public Tensor build(Graph g, Tensor x, Tensor sources) {
        Tensor context = qkv(g, x, sources)
                .attend(
                        g,
                        1 / Math.sqrt(heads.width()),
                        scores -> mix(g, "proj_l", scores),
                        probs -> g.dropout("attn_drop", mix(g, "proj_w", probs), attnDrop)); // [T, H * d]
        return g.dropout("proj_drop", g.dense("proj", context, x.dim(1)), projDrop); // [T, D]
    }

    private Qkv qkv(Graph g, Tensor x, Tensor sources) {
        int inner = heads.count() * heads.width();
        return switch (products) {
            case QKV -> {
                Tensor fused = g.dense("qkv", x, 3 * inner, qkvBias); // [T, 3 * H * d]
                yield Qkv.split(g, fused, heads.count(), ".heads");
            }
            case Q_KV -> {
                Tensor kv = g.dense("kv", sources, 2 * inner, qkvBias); // [S, 2 * H * d]
                yield new Qkv(project(g, "q", x, inner), split(g, "k", kv, 0, 2), split(g, "v", kv, 1, 2));
            }
            case Q_K_V ->
                new Qkv(project(g, "q", x, inner), project(g, "k", sources, inner), project(g, "v", sources, inner));
        };
    }

    private Tensor split(Graph g, String name, Tensor x, int part, int parts) {
        return g.splitHeads(name + ".heads", x, heads.count(), part, parts);
    }

    private Tensor project(Graph g, String name, Tensor x, int inner) {
        return g.splitHeads(name + ".heads", g.dense(name, x, inner, qkvBias), heads.count());
    }

    private Tensor mix(Graph g, String name, Tensor maps) {
        return mixing.map(m -> g.mixHeads(name, maps, heads.count(), m.bias(), m.init()))
                .orElse(maps);
    }
}
