package org.vit4j.layers;

import java.util.Optional;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * Multi-head attention whose heads may talk: learned sums over the heads before and after the softmax (Shazeer et al.
 * 2020, arXiv:2003.02436).
 *
 * @param mixing how the heads are mixed, when they are
 */
public record TalkingHeads(
        int heads,
        int headDim,
        Products products,
        boolean qkvBias,
        Optional<Mixing> mixing,
        double attnDrop,
        double projDrop) {

    /** Which matrix products make queries, keys and values; only {@code QKV} needs queries and sources to be the same. */
    public enum Products {
        QKV,
        Q_KV,
        Q_K_V
    }

    /** How the matrices over the heads start, and whether they have a bias. */
    public record Mixing(boolean bias, Init init) {}

    /**
     * [T, D], [S, D] -> [T, D]; the attention maps are the tensor {@code weights} [H, T, S], after the second mixing
     * {@code proj_w}.
     */
    public Tensor build(Graph g, Tensor x, Tensor sources) {
        Qkv qkv = qkv(g, x, sources);
        Tensor scores = talk(g, "proj_l", g.scores("scores", qkv.q, qkv.k, 1 / Math.sqrt(headDim))); // [H, T, S]
        Tensor weights = talk(g, "proj_w", g.softmax("weights", scores)); // [H, T, S]
        Tensor context = g.weightedSum("heard", g.dropout("attn_drop", weights, attnDrop), qkv.v); // [H, T, d]
        Tensor out = g.dense("proj", g.mergeHeads("merged", context), x.dim(1)); // [T, D]
        return g.dropout("proj_drop", out, projDrop);
    }

    /** [H, T, d], [H, S, d], [H, S, d] */
    private record Qkv(Tensor q, Tensor k, Tensor v) {}

    private Qkv qkv(Graph g, Tensor x, Tensor sources) {
        int inner = heads * headDim;
        return switch (products) {
            case QKV -> {
                Tensor all = g.dense("qkv", x, 3 * inner, qkvBias); // [T, 3 * H * d]
                yield new Qkv(part(g, "q", all, 0, 3), part(g, "k", all, 1, 3), part(g, "v", all, 2, 3));
            }
            case Q_KV -> {
                Tensor kv = g.dense("kv", sources, 2 * inner, qkvBias); // [S, 2 * H * d]
                yield new Qkv(own(g, "q", x, inner), part(g, "k", kv, 0, 2), part(g, "v", kv, 1, 2));
            }
            case Q_K_V -> new Qkv(own(g, "q", x, inner), own(g, "k", sources, inner), own(g, "v", sources, inner));
        };
    }

    private Tensor part(Graph g, String name, Tensor x, int part, int parts) {
        return g.splitHeads(name + ".heads", x, heads, part, parts);
    }

    private Tensor own(Graph g, String name, Tensor x, int inner) {
        return g.splitHeads(name + ".heads", g.dense(name, x, inner, qkvBias), heads);
    }

    private Tensor talk(Graph g, String name, Tensor maps) {
        return mixing.map(m -> g.mixHeads(name, maps, heads, m.bias(), m.init()))
                .orElse(maps);
    }
}
