package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * ViTAE's reduction cell: a pyramid of dilated convolutions (PRM) with attention between its tokens, parallel to a
 * stack of three convolutions (PCM).
 *
 * @param tokenDim width of the output tokens
 * @param heads heads of the transformer; a performer has one
 * @param group number of groups of the PCM convolutions
 * @param mlpRatio hidden width over token width of the transformer's MLP
 * @param drop dropout rate after attention and MLP
 */
public record ReductionCell(
        PyramidReduction pyramid,
        ReductionCellType tokensType,
        int tokenDim,
        int heads,
        int group,
        double mlpRatio,
        double drop,
        double attnDrop,
        double dropPath) {

    /** Attention between the tokens of the pyramid. */
    public enum ReductionCellType {
        PERFORMER,
        /** None: the cell is only the pyramid. */
        PERFORMER_LESS,
        TRANSFORMER,
        /** A transformer after max pooling of the image; the convolutions have no strides. */
        POOLING
    }

    public ReductionCell {
        if (tokensType != ReductionCellType.PERFORMER_LESS) {
            int ratio = pyramid.ratio();
            Checks.check(
                    tokensType == ReductionCellType.POOLING || ratio == 2 || ratio == 4 || ratio == 8,
                    "downsample_ratios",
                    ratio,
                    "must be 2, 4 or 8, the strides that three convolutions can have together");
            boolean performer = tokensType == ReductionCellType.PERFORMER;
            Checks.check(!performer || heads == 1, "rc_heads", heads, "must be 1 with a performer");
            Checks.check(!performer || tokenDim >= 2, "token_dims", tokenDim, "must be at least 2");
            Checks.divides("rc_heads", heads, "token_dims", tokenDim);
            Checks.divides("rc_group", group, "embed_dims", pyramid.dim());
            Checks.divides("rc_group", group, "token_dims", tokenDim);
        }
    }

    /** [H, W, C] -> [H/r, W/r, D] */
    public Tensor build(Graph g, Tensor image) {
        boolean pooling = tokensType == ReductionCellType.POOLING;
        int ratio = pyramid.ratio();
        Tensor x = pooling ? g.maxPool("pool", image, Window.square(ratio, ratio, 0)) : image;
        PyramidReduction reduction = pooling
                ? new PyramidReduction(
                        pyramid.dim(), 1, pyramid.kernel(), pyramid.dilations(), pyramid.shareWeights(), pyramid.join())
                : pyramid;

        Tensor grid = reduction.build(g.scope("PRM"), x); // [h, w, width]
        if (tokensType == ReductionCellType.PERFORMER_LESS) return grid;
        Tensor pcmGrid = convolutions(g.scope("PCM"), x, pooling ? 1 : ratio); // [h, w, D]
        Tensor tokens = g.reshape("PRM_tokens", grid, grid.dim(0) * grid.dim(1), grid.dim(2)); // [T, width]
        Tensor pcm = g.reshape("PCM_tokens", pcmGrid, pcmGrid.dim(0) * pcmGrid.dim(1), tokenDim); // [T, D]
        Tensor mixed = tokensType == ReductionCellType.PERFORMER
                ? new TokenPerformer(tokenDim, tokenDim / 2, drop).build(g.scope("attn"), tokens, pcm)
                : transformer().build(g.scope("attn"), tokens, pcm); // [T, D]
        return g.reshape("grid", mixed, grid.dim(0), grid.dim(1), tokenDim); // [h, w, D]
    }

    private TokenTransformer transformer() {
        int headDim = tokenDim / heads;
        double scale = 1 / Math.sqrt(headDim);
        int hidden = (int) (tokenDim * mlpRatio);
        return new TokenTransformer(tokenDim, heads, scale, hidden, false, drop, attnDrop, dropPath);
    }

    /** Three convolutions, of which log2(ratio) have stride 2. */
    private Tensor convolutions(Graph g, Tensor x, int ratio) {
        int dim = pyramid.dim();
        x = g.conv2d("0", x, dim, Window.square(3, ratio >= 2 ? 2 : 1, 1), group, true);
        x = g.activate("1", x, Activation.SILU);
        x = g.conv2d("2", x, dim, Window.square(3, ratio >= 4 ? 2 : 1, 1), group, true);
        x = g.activate("4", g.batchNorm("3", x, 1e-5), Activation.SILU);
        x = g.conv2d("5", x, tokenDim, Window.square(3, ratio >= 8 ? 2 : 1, 1), group, true);
        return g.activate("6", x, Activation.SILU); // [h, w, D]
    }
}
