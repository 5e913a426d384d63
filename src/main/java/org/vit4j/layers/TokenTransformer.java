package org.vit4j.layers;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * The token module of T2T-ViT on softmax attention: brings tokens to another width, the values skipping over the
 * attention since the input cannot.
 *
 * @param width of the tokens it makes
 * @param scale of the scores; T2T-ViT takes the width of the input, ViTAE that of a head
 */
public record TokenTransformer(
        int width,
        int heads,
        double scale,
        int mlpHidden,
        boolean qkvBias,
        double drop,
        double attnDrop,
        double dropPath) {
    /** PyTorch's default, also where the network around has another. */
    private static final double NORM_EPS = 1e-5;

    /**
     * [T, D] -> [T, width]
     *
     * @param beside branches [T, width] added to what attention gives, in front of the MLP
     */
    public Tensor build(Graph g, Tensor x, Tensor... beside) {
        Tensor y = attend(g.scope("attn"), g.layerNorm("norm1", x, NORM_EPS)); // [T, width]
        if (beside.length > 0) y = g.add("beside", y, beside);

        Mlp mlp = new Mlp(mlpHidden, Activation.GELU, drop);
        Tensor mlpOut = mlp.build(g.scope("mlp"), g.layerNorm("norm2", y, NORM_EPS)); // [T, width]
        return g.add("add", y, g.dropPath("drop_path", mlpOut, dropPath));
    }

    private Tensor attend(Graph g, Tensor x) {
        Tensor qkv = g.dense("qkv", x, 3 * width, qkvBias); // [T, 3 * width]
        Tensor q = g.splitHeads("q", qkv, heads, 0, 3); // [H, T, d]
        Tensor k = g.splitHeads("k", qkv, heads, 1, 3); // [H, T, d]
        Tensor v = g.splitHeads("v", qkv, heads, 2, 3); // [H, T, d]

        Tensor weights = g.softmax("weights", g.scores("scores", q, k, scale)); // [H, T, T], rows sum to 1
        Tensor context = g.weightedSum("heard", g.dropout("attn_drop", weights, attnDrop), v); // [H, T, d]
        Tensor out = g.dense("proj", g.mergeHeads("merged", context), width); // [T, width]
        return g.add("skip", g.mergeHeads("values", v), g.dropout("proj_drop", out, drop)); // [T, width]
    }
}
