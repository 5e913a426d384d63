package org.vit4j.layers;

import java.util.List;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * The exchange of class tokens of CrossViT as vit-pytorch 0.20.2 has it. Against the authors': plain projections, and
 * only where the widths differ; the patches are not normalized again; the residual is added after projecting back; the
 * second branch hears the first one's patches, which never change.
 */
public record CrossTransformer(int depth, int heads, int headDim, double normEps, double drop) {
    /** [1 + T, D] and [1 + S, E], the class token first, to the same. */
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

    /** A token [1, D] asks itself and the patches [S, E] -> [1, D] */
    private Tensor crossAttend(Graph g, Tensor cls, Tensor patches) {
        int width = patches.dim(1);
        boolean project = cls.dim(1) != width;
        Tensor x = project ? g.dense("project_in", cls, width) : cls; // [1, E]
        Tensor query = g.layerNorm("norm", x, normEps); // [1, E]
        var attention = new CrossAttention(heads, headDim, false, true, 0, drop);
        Tensor context = attention.build(g.scope("attn"), query, g.concat("seen", 0, query, patches)); // [1, E]
        return g.add("add", project ? g.dense("project_out", context, cls.dim(1)) : context, cls); // [1, D]
    }
}
