package org.vit4j.layers;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Stage of CrossViT as in the authors' code (arXiv:2103.14899, figure 2 and equations 3 and 4): each branch applies its
 * transformer blocks, then its class token attends to the patches of the other branch.
 *
 * @param depths number of blocks of each branch
 * @param cross number of consecutive cross-attention blocks; 0 also means one, with names without an index. The first
 *     returns only the class token, so in a second block that token attends only to itself, as in the authors' code
 * @param hidden MLP width of each branch
 * @param dropPaths stochastic depth rates of the blocks in order; the last one is for the cross-attention
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

    /** [1 + T, D], [1 + S, E] -> [1 + T, D], [1 + S, E], class tokens first. */
    public List<Tensor> build(Graph g, List<Tensor> branches) {
        List<Tensor> encoded = new ArrayList<>();
        for (int b = 0; b < 2; b++) encoded.add(encode(g.scope("blocks." + b), branches.get(b), b));
        List<Tensor> fused = new ArrayList<>();
        for (int b = 0; b < 2; b++) fused.add(fuse(g, encoded.get(b), encoded.get(1 - b), b));
        return fused;
    }

    private Tensor encode(Graph g, Tensor x, int b) {
        int d = x.dim(1) / heads.get(b);
        var attention = new Attention(
                heads.get(b), d, 1 / Math.sqrt(d), qkvBias, OptionalDouble.empty(), true, attnDrop, projDrop);
        var mlp = new Mlp(hidden.get(b), Activation.GELU, projDrop);
        var block = new TransformerBlock(attention, mlp, PreNorm.plain(normEps));
        for (int i = 0; i < depths.get(b); i++) {
            x = block.build(g.scope("" + i), x, dropPaths.get(i)); // [1 + T, D]
        }
        return x;
    }

    /** Projects the class token of {@code x} to the other width, attends to the other patches, projects it back. */
    private Tensor fuse(Graph g, Tensor x, Tensor other, int b) {
        Graph at = g.scope("fusion." + b);
        Tensor cls = project(g.scope("projs." + b), at.slice("cls", x, 0, 0, 1), other.dim(1)); // [1, E]
        Tensor kv = at.concat("kv", 0, cls, at.slice("kv_patches", other, 0, 1, other.dim(0))); // [1 + S, E]
        for (int i = 0; i < Math.max(cross, 1); i++) {
            kv = crossAttend(cross == 0 ? at : at.scope("" + i), kv, heads.get(1 - b)); // [1, E]
        }
        Tensor back = project(g.scope("revert_projs." + b), kv, x.dim(1)); // [1, D]
        // Replaces the class token. The residual is inside crossAttend, in the width of the other branch.
        return at.concat("tokens", 0, back, at.slice("patches", x, 0, 1, x.dim(0))); // [1 + T, D]
    }

    /** Class token and patches [1 + S, E] -> [1, E]; the class token attends to all of them. */
    private Tensor crossAttend(Graph g, Tensor x, int heads) {
        var attention = new CrossAttention(heads, x.dim(1) / heads, qkvBias, false, attnDrop, projDrop);
        Tensor normed = g.layerNorm("norm1", x, normEps); // [1 + S, E]
        Tensor context = attention.build(g.scope("attn"), g.slice("query", normed, 0, 0, 1), normed); // [1, E]
        double path = dropPaths.get(dropPaths.size() - 1);
        return g.add("add", g.slice("kv_cls", x, 0, 0, 1), g.dropPath("drop_path", context, path)); // [1, E]
    }

    /** f and g of equations 3 and 4. The paper has a plain projection, the code applies LN and GELU before it. */
    private Tensor project(Graph g, Tensor x, int width) {
        Tensor y = g.activate("1", g.layerNorm("0", x, normEps), Activation.GELU);
        return g.dense("2", y, width);
    }
}
