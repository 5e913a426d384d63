package org.vit4j.checkpoint;

import org.vit4j.data.Image;
import org.vit4j.data.Interpolation;
import org.vit4j.data.Resampling;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Shape;

/** Weights for another image size or channel count, with the numbers of timm 0.9.16. */
public final class WeightAdaptation {
    /** Ways to resample a position table. */
    public enum PositionResampling {
        /** With antialias, as timm resamples those of PyTorch. */
        BICUBIC,
        /** Without antialias, as timm resamples those of Google's {@code .npz}. */
        BILINEAR
    }

    private WeightAdaptation() {}

    /**
     * A position table for another grid: {@code timm/layers/pos_embed.py}, resample_abs_pos_embed, bicubic with
     * antialias. Rows of prefix tokens stay.
     *
     * @param values [prefix + h * w, D] row by row, as {@code from} has it
     */
    public static float[] positions(float[] values, PositionGrid from, PositionGrid to) {
        return positions(values, from, to, PositionResampling.BICUBIC);
    }

    /** A position table for another grid, resampled as the reader of its file does it. Rows of prefix tokens stay. */
    public static float[] positions(float[] values, PositionGrid from, PositionGrid to, PositionResampling resampling) {
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
     * A kernel that sees pixels, for another number of channels: {@code timm/models/_manipulate.py}, adapt_input_conv.
     * One channel gets the sum of all kernels; more get them by turns, made smaller so that the sum stays what it was.
     *
     * @param values [kH, kW, in, out] row by row
     */
    public static float[] channels(float[] values, Shape kernel, int channels) {
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
