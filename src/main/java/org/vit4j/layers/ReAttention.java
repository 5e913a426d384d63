package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * Re-attention (Zhou et al. 2021, arXiv:2103.11886, equation 4): each attention map becomes a normalized, learned
 * combination of the maps of all heads, which keeps the maps of deep blocks from becoming alike. Rows no longer sum to
 * 1.
 */
public interface ReAttention {
    /** [H, T, T] -> [H, T, T] */
    Tensor build(Graph g, Tensor maps);

    /**
     * Re-attention of the authors' code: a 1x1 convolution over heads, with a bias that the paper does not have, then
     * BatchNorm with the heads as channels.
     *
     * @param scale factor of the normalized maps; 1 for none
     */
    record BatchReAttention(double scale) implements ReAttention {
        @Override
        public Tensor build(Graph g, Tensor maps) {
            int heads = maps.dim(0);
            Init kernel = Init.PYTORCH.convKernel(heads, heads);
            Tensor mixed = g.withInit(Init.PYTORCH).mixHeads("reatten_matrix", maps, heads, true, kernel); // [H, T, T]
            Tensor normed = g.batchNorm("var_norm", mixed, 0, 1e-5, Init.ONES); // [H, T, T]
            return scale == 1 ? normed : g.scale("reatten_scale", normed, scale); // [H, T, T]
        }
    }

    /** Re-attention of vit-pytorch: no bias, then LayerNorm over the heads for each pair of tokens. */
    record LayerReAttention() implements ReAttention {
        @Override
        public Tensor build(Graph g, Tensor maps) {
            Tensor mixed = g.mixHeads("reatten_matrix", maps, maps.dim(0), false, new Init.NormalInit(1)); // [H, T, T]
            Tensor last = g.permute("heads_last", mixed, 1, 2, 0); // [T, T, H]
            Tensor normed = g.layerNorm("reattn_norm", last, 1e-5); // [T, T, H]
            return g.permute("heads_first", normed, 2, 0, 1); // [H, T, T]
        }
    }
}
