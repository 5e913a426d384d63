package org.vit4j.checkpoint;

import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.data.transforms.Resampling;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Shape;

/** Adapts weights to another image size or number of channels, with the results of timm 0.9.16. */
public final class WeightAdaptation {
    /** Resampling methods for position tables. */
    public enum PositionResampling {
        /** With antialiasing, as timm does for PyTorch checkpoints. */
        BICUBIC,
        /** Without antialiasing, as timm does for Google's {@code .npz}. */
        BILINEAR
    }

    private WeightAdaptation() {}

    /**
     * Resamples a position table to another grid, bicubic with antialiasing. Rows of prefix tokens are copied. Source:
     * {@code timm/layers/pos_embed.py}, resample_abs_pos_embed.
     *
     * @param values [prefix + h * w, D] for the grid {@code from}
     */
    public static float[] resamplePositions(float[] values, PositionGrid from, PositionGrid to) {
        return resamplePositions(values, from, to, PositionResampling.BICUBIC);
    }

    /** Resamples a position table to another grid with a given method. Rows of prefix tokens are copied. */
    public static float[] resamplePositions(
            float[] values, PositionGrid from, PositionGrid to, PositionResampling resampling) {
        int width = values.length / from.tokens();
        float[] result = new float[to.tokens() * width];
        int prefix = from.prefix() * width;
        System.arraycopy(values, 0, result, 0, prefix);
        float[] plane = new float[from.height() * from.width()];
        for (int d = 0; d < width; d++) {
            for (int i = 0; i < plane.length; i++) plane[i] = values[prefix + i * width + d];
            Image channel = new Image(from.height(), from.width(), 1, plane);
            float[] cells = switch (resampling) {
                case BICUBIC ->
                    Resampling.smooth(channel, to.height(), to.width(), Interpolation.BICUBIC)
                            .pixels();
                case BILINEAR -> bilinear(channel, to.height(), to.width());
            };
            for (int i = 0; i < cells.length; i++) result[prefix + i * width + d] = cells[i];
        }
        return result;
    }

    /** [H, W, 1] -> height * width values: PyTorch's {@code interpolate}, bilinear, {@code align_corners=False}. */
    private static float[] bilinear(Image plane, int height, int width) {
        float[] out = new float[height * width];
        float tall = (float) plane.height() / height;
        float wide = (float) plane.width() / width;
        for (int y = 0; y < height; y++) {
            float atY = Math.max(0, (y + 0.5f) * tall - 0.5f);
            int top = (int) atY;
            int bottom = Math.min(top + 1, plane.height() - 1);
            float down = atY - top;
            for (int x = 0; x < width; x++) {
                float atX = Math.max(0, (x + 0.5f) * wide - 0.5f);
                int left = (int) atX;
                int right = Math.min(left + 1, plane.width() - 1);
                float across = atX - left;
                float above = (1 - across) * plane.at(top, left, 0) + across * plane.at(top, right, 0);
                float below = (1 - across) * plane.at(bottom, left, 0) + across * plane.at(bottom, right, 0);
                out[y * width + x] = (1 - down) * above + down * below;
            }
        }
        return out;
    }

    /**
     * Adapts the kernel of a convolution on pixels to another number of channels. For one channel the kernels of all
     * channels are summed; otherwise they are repeated cyclically and scaled by in / channels. Source: {@code
     * timm/models/_manipulate.py}, adapt_input_conv.
     *
     * @param values [kH, kW, in, out]
     */
    public static float[] adaptChannels(float[] values, Shape kernel, int channels) {
        int in = kernel.dim(2), out = kernel.dim(3);
        int cells = kernel.dim(0) * kernel.dim(1);
        float[] result = new float[cells * channels * out];
        float factor = (float) ((double) in / channels);
        for (int cell = 0; cell < cells; cell++) {
            for (int o = 0; o < out; o++) {
                if (channels == 1) {
                    float sum = 0;
                    for (int i = 0; i < in; i++) sum += values[(cell * in + i) * out + o];
                    result[cell * out + o] = sum;
                    continue;
                }
                for (int c = 0; c < channels; c++) {
                    result[(cell * channels + c) * out + o] = values[(cell * in + c % in) * out + o] * factor;
                }
            }
        }
        return result;
    }
}
