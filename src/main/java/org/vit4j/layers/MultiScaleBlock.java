package org.vit4j.layers;

import java.util.ArrayList;
import java.util.List;
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
 * @param blocks block of each branch; the cross-attention has the heads of the attended branch
 */
public record MultiScaleBlock(List<Integer> depths, int cross, List<TransformerBlock> blocks) {
    public MultiScaleBlock {
        depths = List.copyOf(depths);
        blocks = List.copyOf(blocks);
    }

    /**
     * [1 + T, D], [1 + S, E] -> [1 + T, D], [1 + S, E], class tokens first.
     *
     * @param dropPaths {@link #length} stochastic depth rates of the blocks in order; the last is for the
     *     cross-attention
     */
    public List<Tensor> build(Graph g, List<Tensor> branches, List<Double> dropPaths) {
        List<Tensor> encoded = new ArrayList<>();
        for (int b = 0; b < 2; b++) {
            Tensor x = branches.get(b);
            for (int i = 0; i < depths.get(b); i++) {
                Graph at = g.scope("blocks." + b + "." + i);
                x = blocks.get(b).build(at, x, dropPaths.get(i)); // [1 + T, D]
            }
            encoded.add(x);
        }
        double path = dropPaths.get(dropPaths.size() - 1);
        return List.of(
                fuse(g, encoded.get(0), encoded.get(1), 0, path), fuse(g, encoded.get(1), encoded.get(0), 1, path));
    }

    /** Number of stochastic depth rates. */
    public int length() {
        return Math.max(depths.get(0), depths.get(1)) + cross;
    }

    /** Projects the class token of {@code x} to the other width, attends to the other patches, projects it back. */
    private Tensor fuse(Graph g, Tensor x, Tensor other, int b, double path) {
        Graph at = g.scope("fusion." + b);
        Tensor cls = project(g.scope("projs." + b), at.slice("cls", x, 0, 0, 1), other.dim(1)); // [1, E]
        Tensor kv = at.concat("kv", 0, cls, at.slice("kv_patches", other, 0, 1, other.dim(0))); // [1 + S, E]
        for (int i = 0; i < Math.max(cross, 1); i++) {
            kv = crossAttend(
                    cross == 0 ? at : at.scope("" + i), kv, blocks.get(1 - b).attention(), path); // [1, E]
        }
        Tensor back = project(g.scope("revert_projs." + b), kv, x.dim(1)); // [1, D]
        // Replaces the class token. The residual is inside crossAttend, in the width of the other branch.
        return at.concat("tokens", 0, back, at.slice("patches", x, 0, 1, x.dim(0))); // [1 + T, D]
    }

    /** Class token and patches [1 + S, E] -> [1, E]; the class token attends to all of them. */
    private Tensor crossAttend(Graph g, Tensor x, Attention own, double path) {
        var attention = new CrossAttention(own.heads(), own.headDim(), own.qkvBias(), own.attnDrop(), own.projDrop());
        Tensor normed = g.layerNorm("norm1", x, eps()); // [1 + S, E]
        Tensor context = attention.build(g.scope("attn"), g.slice("query", normed, 0, 0, 1), normed); // [1, E]
        return g.add("add", g.slice("kv_cls", x, 0, 0, 1), g.dropPath("drop_path", context, path)); // [1, E]
    }

    /** f and g of equations 3 and 4. The paper has a plain projection, the code applies LN and GELU before it. */
    private Tensor project(Graph g, Tensor x, int width) {
        Tensor y = g.activate("1", g.layerNorm("0", x, eps()), Activation.GELU); // [1, D]
        return g.dense("2", y, width); // [1, width]
    }

    private double eps() {
        return blocks.get(0).norm().eps();
    }
}
