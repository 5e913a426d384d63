package org.vit4j.checkpoint;

import org.vit4j.data.Image;
import org.vit4j.data.Interpolation;
import org.vit4j.data.Resampling;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Shape;

/** Weights for another image size or channel count, with the numbers of timm 0.9.16. */
public final class WeightAdaptation {
    private WeightAdaptation() {}

    /**
     * A position table for another grid: {@code timm/layers/pos_embed.py}, resample_abs_pos_embed, bicubic with
     * antialias. Rows of prefix tokens stay.
     *
     * @param values [prefix + h * w, D] row by row, as {@code from} has it
     */
    public static float[] positions(float[] values, PositionGrid from, PositionGrid to) {
        int width = values.length / from.tokens();
        float[] result = new float[to.tokens() * width];
        int prefix = from.prefix() * width;
        System.arraycopy(values, 0, result, 0, prefix);
        float[] plane = new float[from.height() * from.width()];
        for (int d = 0; d < width; d++) {
            for (int i = 0; i < plane.length; i++) plane[i] = values[prefix + i * width + d];
            Image channel = new Image(from.height(), from.width(), 1, plane);
            float[] cells = Resampling.smooth(channel, to.height(), to.width(), Interpolation.BICUBIC)
                    .pixels();
            for (int i = 0; i < cells.length; i++) result[prefix + i * width + d] = cells[i];
        }
        return result;
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
