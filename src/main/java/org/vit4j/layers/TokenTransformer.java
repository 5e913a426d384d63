package org.vit4j.layers;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * T2T-ViT's token module with softmax attention, which changes the width of the tokens. The residual around the
 * attention starts from the values, because the input has another width.
 *
 * @param width width of the output tokens
 * @param scale factor of the scores; T2T-ViT uses the width of the input, ViTAE that of a head
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
    /** PyTorch's default, independent of the epsilon of the network. */
    private static final double NORM_EPS = 1e-5;

    /**
     * [T, D] -> [T, width]
     *
     * @param branches tensors [T, width] added to the output of the attention, before the MLP
     */
    public Tensor build(Graph g, Tensor x, Tensor... branches) {
        Tensor y = attend(g.scope("attn"), g.layerNorm("norm1", x, NORM_EPS)); // [T, width]
        if (branches.length > 0) y = g.add("add_branches", y, branches);

        Mlp mlp = new Mlp(mlpHidden, Activation.GELU, drop);
        Tensor mlpOut = mlp.build(g.scope("mlp"), g.layerNorm("norm2", y, NORM_EPS)); // [T, width]
        return g.add("add", y, g.dropPath("drop_path", mlpOut, dropPath));
    }

    private Tensor attend(Graph g, Tensor x) {
        Tensor qkv = g.dense("qkv", x, 3 * width, qkvBias); // [T, 3 * width]
        Qkv heads = Qkv.split(g, qkv, this.heads, "");
        Tensor out = g.dense("proj", heads.attend(g, scale, attnDrop), width); // [T, width]
        Tensor values = g.mergeHeads("values", heads.v()); // [T, width]
        return g.add("skip", values, g.dropout("proj_drop", out, drop)); // [T, width]
    }
}
