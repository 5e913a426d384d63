package org.vit4j.layers;

import java.util.OptionalDouble;
import org.vit4j.config.Checks;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * ViTAE's normal cell: a transformer block with a convolution branch (PCM) parallel to its attention. The convolutions
 * read the tokens before the norm.
 *
 * @param qkScale factor of the scores, 1/sqrt(d) if empty
 * @param mlpRatio hidden width over token width of the MLP and of the first convolution
 * @param group number of groups of the convolutions
 */
public record NormalCell(
        NormalCellType tokensType,
        int heads,
        double mlpRatio,
        boolean qkvBias,
        OptionalDouble qkScale,
        int group,
        double normEps,
        double drop,
        double attnDrop) {

    /** Attention type and number of convolutions: three, or two in shallow cells. */
    public enum NormalCellType {
        TRANSFORMER(false),
        PERFORMER(false),
        TRANSFORMER_SHALLOW(true),
        PERFORMER_SHALLOW(true);

        private final boolean shallow;

        NormalCellType(boolean shallow) {
            this.shallow = shallow;
        }

        public boolean performer() {
            return this == PERFORMER || this == PERFORMER_SHALLOW;
        }
    }

    public NormalCell {
        Checks.positive("nc_heads", heads);
        Checks.positive("nc_group", group);
        Checks.positive("mlp_ratio", mlpRatio);
    }

    /** Requires tokens of a width that heads and groups divide. */
    public void requireWidth(int dim) {
        int hidden = (int) (dim * mlpRatio);
        Checks.check(!tokensType.performer() || heads == 1, "nc_heads", heads, "must be 1 with a performer");
        Checks.check(!tokensType.performer() || dim >= 2, "token_dims", dim, "must be at least 2");
        Checks.divides("nc_heads", heads, "token_dims", dim);
        Checks.divides("nc_group", group, "token_dims", dim);
        Checks.check(
                hidden % group == 0,
                "nc_group",
                group,
                "must divide the hidden width token_dims x mlp_ratio (" + hidden + ")");
    }

    /**
     * [T, D] -> [T, D] with T = height * width, plus 1 for a class token, which comes first.
     *
     * @param classToken true if the first token is a class token, which the convolutions omit
     * @param dropPath stochastic depth rate of all branches
     */
    public Tensor build(Graph g, Tensor x, int height, int width, boolean classToken, double dropPath) {
        int dim = x.dim(1);
        int first = classToken ? 1 : 0;
        Tensor patches = classToken ? g.slice("patches", x, 0, 1, x.dim(0)) : x; // [h * w, D]
        Tensor pcm = convolutions(g.scope("PCM"), g.reshape("grid", patches, height, width, dim)); // [h, w, D]
        pcm = g.dropPath("drop_path1", g.reshape("PCM_tokens", pcm, height * width, dim), dropPath); // [h * w, D]

        Tensor context = attention(g.scope("attn"), g.layerNorm("norm1", x, normEps)); // [T, D]
        context = g.dropPath("drop_path2", context, dropPath);
        if (classToken) {
            x = g.add("add_attn", x, context); // [1 + h * w, D]
            Tensor sum = g.add("add_pcm", g.slice("attn_patches", x, 0, first, x.dim(0)), pcm); // [h * w, D]
            x = g.concat("tokens", 0, g.slice("cls", x, 0, 0, first), sum); // [1 + h * w, D]
        } else {
            x = g.add("add_attn_pcm", x, context, pcm); // [h * w, D]
        }

        Mlp mlp = new Mlp((int) (dim * mlpRatio), Activation.GELU, drop);
        Tensor mlpOut = mlp.build(g.scope("mlp"), g.layerNorm("norm2", x, normEps)); // [T, D]
        return g.add("add", x, g.dropPath("drop_path3", mlpOut, dropPath)); // [T, D]
    }

    private Tensor attention(Graph g, Tensor x) {
        int dim = x.dim(1);
        if (tokensType.performer()) return new Performer(dim, dim / 2, false, drop).build(g, x);
        int headDim = dim / heads;
        double scale = qkScale.orElse(1 / Math.sqrt(headDim));
        return new Attention(heads, headDim, scale, qkvBias, OptionalDouble.empty(), true, attnDrop, drop).build(g, x);
    }

    private Tensor convolutions(Graph g, Tensor x) {
        int dim = x.dim(2);
        Window window = Window.square(3, 1, 1);
        x = g.conv2d("0", x, (int) (dim * mlpRatio), window, group, true); // [h, w, hidden]
        x = g.activate("2", g.batchNorm("1", x, 1e-5), Activation.SILU);
        x = g.conv2d("3", x, dim, window, group, true); // [h, w, D]
        if (tokensType.shallow) return x;
        x = g.activate("5", g.batchNorm("4", x, 1e-5), Activation.SILU);
        return g.activate("7", g.conv2d("6", x, dim, window, group, true), Activation.SILU); // [h, w, D]
    }
}
