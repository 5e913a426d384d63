package org.vit4j.layers;

import java.util.List;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * CrossViT's exchange of class tokens as in vit-pytorch 0.20.2. Differences from the authors' code ({@link
 * MultiScaleBlock}): the projections have no norm and no activation and exist only if the widths differ; the patches
 * are not normalized again; the residual is added after the projection back; the patches of both branches stay
 * unchanged.
 */
public record CrossTransformer(int depth, int heads, int headDim, double normEps, double drop) {
    /** [1 + T, D], [1 + S, E] -> [1 + T, D], [1 + S, E], class tokens first. */
    public List<Tensor> build(Graph g, Tensor small, Tensor large) {
        Tensor smallCls = g.slice("small_cls", small, 0, 0, 1); // [1, D]
        Tensor largeCls = g.slice("large_cls", large, 0, 0, 1); // [1, E]
        Tensor smallPatches = g.slice("small_patches", small, 0, 1, small.dim(0)); // [T, D]
        Tensor largePatches = g.slice("large_patches", large, 0, 1, large.dim(0)); // [S, E]
        for (int i = 0; i < depth; i++) {
            smallCls = crossAttend(g.scope(i + ".0"), smallCls, largePatches); // [1, D]
            largeCls = crossAttend(g.scope(i + ".1"), largeCls, smallPatches); // [1, E]
        }
        return List.of(g.concat("small", 0, smallCls, smallPatches), g.concat("large", 0, largeCls, largePatches));
    }

    /** Class token [1, D], patches [S, E] -> [1, D]; the class token attends to itself and to the patches. */
    private Tensor crossAttend(Graph g, Tensor cls, Tensor patches) {
        int width = patches.dim(1);
        boolean project = cls.dim(1) != width;
        Tensor x = project ? g.dense("project_in", cls, width) : cls; // [1, E]
        Tensor query = g.layerNorm("norm", x, normEps); // [1, E]
        var attention = new FusedKvCrossAttention(heads, headDim, drop);
        Tensor context = attention.build(g.scope("attn"), query, g.concat("kv", 0, query, patches)); // [1, E]
        return g.add("add", project ? g.dense("project_out", context, cls.dim(1)) : context, cls); // [1, D]
    }
}
