package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * LeViT's stem (Graham et al. 2021, section 4.1): 3x3 convolutions with stride 2, batch normalization after each and an
 * activation between them. Each convolution doubles the channels.
 *
 * @param dim output channels, D
 */
public record ConvNormStem(StemStride stride, int dim, Activation activation) {
    private static final double EPSILON = 1e-5;

    /** [H, W, C] -> [H / stride, W / stride, D] */
    public Tensor build(Graph g, Tensor x) {
        int last = stride.convolutions;
        for (int i = 1; i <= last; i++) {
            Graph conv = g.scope("conv" + i);
            x = conv.conv2d("linear", x, dim >> (last - i), Window.square(3, 2, 1), 1, false); // [h, w, D / 2^(last-i)]
            x = conv.batchNorm("bn", x, EPSILON); // [h, w, D / 2^(last-i)]
            if (i < last) x = g.activate("act" + i, x, activation);
        }
        return x;
    }

    /** Total stride of the stem, one factor of 2 per convolution. */
    public enum StemStride {
        S16(4),
        S8(3);

        private final int convolutions;

        StemStride(int convolutions) {
            this.convolutions = convolutions;
        }

        public int convolutions() {
            return convolutions;
        }

        /** Number of pixels of the image per cell of the stem's output. */
        public int pixels() {
            return 1 << convolutions;
        }
    }

    public ConvNormStem {
        int least = stride.pixels() / 2;
        Checks.require(dim >= least, "dim (%d) of the first stage must be at least %d", dim, least);
    }

    /** Reads {@code stem: s16} or {@code s8}. */
    public static StemStride readStride(Section s) {
        return s.enumAt("stem", StemStride.class, StemStride.S16);
    }
}
