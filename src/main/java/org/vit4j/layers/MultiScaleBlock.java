package org.vit4j.layers;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * One stage of CrossViT as its authors wrote it (arXiv:2103.14899, figure 2 and equations 3 and 4): each branch thinks
 * by itself, then its class token visits the patches of the other branch.
 *
 * @param depths blocks of each branch
 * @param cross cross attention blocks in a row; 0 means one as well, under a name without a number. The first returns
 *     the class token alone, so in a second one that token can only hear itself; the authors' code is kept there.
 * @param hidden width of each branch's MLP
 * @param dropPaths of the blocks in order; the last is that of the cross attention
 */
public record MultiScaleBlock(
        List<Integer> depths,
        int cross,
        List<Integer> heads,
        List<Integer> hidden,
        boolean qkvBias,
        double normEps,
        double projDrop,
        double attnDrop,
        List<Double> dropPaths) {

    /** [1 + T, D] and [1 + S, E], the class token first, to the same. */
    public List<Tensor> build(Graph g, List<Tensor> branches) {
        List<Tensor> own = new ArrayList<>();
        for (int b = 0; b < 2; b++) own.add(encode(g.scope("blocks." + b), branches.get(b), b));
        List<Tensor> fused = new ArrayList<>();
        for (int b = 0; b < 2; b++) fused.add(fuse(g, own.get(b), own.get(1 - b), b));
        return fused;
    }

    private Tensor encode(Graph g, Tensor x, int b) {
        int d = x.dim(1) / heads.get(b);
        var attention = new Attention(
                heads.get(b), d, 1 / Math.sqrt(d), qkvBias, OptionalDouble.empty(), true, attnDrop, projDrop);
        var mlp = new Mlp(hidden.get(b), Activation.GELU, projDrop);
        for (int i = 0; i < depths.get(b); i++) {
            x = new TransformerBlock(attention, mlp, normEps, dropPaths.get(i)).build(g.scope("" + i), x); // [1 + T, D]
        }
        return x;
    }

    /** The class token of {@code x}, in the width of the other branch, asks its patches and comes back. */
    private Tensor fuse(Graph g, Tensor x, Tensor other, int b) {
        Graph at = g.scope("fusion." + b);
        Tensor cls = project(g.scope("projs." + b), at.slice("cls", x, 0, 0, 1), other.dim(1)); // [1, E]
        Tensor seen = at.concat("seen", 0, cls, at.slice("other", other, 0, 1, other.dim(0))); // [1 + S, E]
        for (int i = 0; i < Math.max(cross, 1); i++) {
            seen = crossAttend(cross == 0 ? at : at.scope("" + i), seen, heads.get(1 - b)); // [1, E]
        }
        Tensor back = project(g.scope("revert_projs." + b), seen, x.dim(1)); // [1, D]
        // It takes the old token's place: the residual is inside, where the token has the other branch's width.
        return at.concat("out", 0, back, at.slice("patches", x, 0, 1, x.dim(0))); // [1 + T, D]
    }

    /** The first token of [1 + S, E] asks all of them, itself too -> [1, E] */
    private Tensor crossAttend(Graph g, Tensor x, int heads) {
        var attention = new CrossAttention(heads, x.dim(1) / heads, qkvBias, false, attnDrop, projDrop);
        Tensor normed = g.layerNorm("norm1", x, normEps); // [1 + S, E]
        Tensor context = attention.build(g.scope("attn"), g.slice("query", normed, 0, 0, 1), normed); // [1, E]
        double path = dropPaths.get(dropPaths.size() - 1);
        return g.add("add", g.slice("first", x, 0, 0, 1), g.dropPath("drop_path", context, path)); // [1, E]
    }

    /** f and g of equations 3 and 4; the paper says a projection, the code has LN and GELU in front of it. */
    private Tensor project(Graph g, Tensor x, int width) {
        Tensor y = g.activate("1", g.layerNorm("0", x, normEps), Activation.GELU);
        return g.dense("2", y, width);
    }
}
