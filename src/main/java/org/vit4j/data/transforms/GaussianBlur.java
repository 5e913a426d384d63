package org.vit4j.data.transforms;

import java.util.Arrays;
import org.vit4j.data.image.Image;

/** Pillow's smoothing and Gaussian blur of 8-bit images (src/libImaging/Filter.c and BoxBlur.c), bit for bit. */
final class GaussianBlur {
    /** Number of box blurs that approximate a Gaussian blur (Gwosdek et al. 2011). */
    private static final int PASSES = 3;

    private GaussianBlur() {}

    /** {@code ImageFilter.SMOOTH}: a 3x3 kernel with 5 in the center and 1 elsewhere, over 13; border pixels do not change. */
    static Image smooth(Image image) {
        int c = image.channels();
        int row = image.width() * c;
        float[] in = image.pixels();
        float[] out = in.clone();
        for (int y = 1; y < image.height() - 1; y++) {
            for (int i = y * row + c; i < (y + 1) * row - c; i++) {
                float sum = 4 * in[i];
                for (int near = i - row; near <= i + row; near += row) sum += in[near - c] + in[near] + in[near + c];
                out[i] = (int) (sum / 13 + 0.5f);
            }
        }
        return new Image(image.height(), image.width(), c, out);
    }

    /** {@code ImageFilter.GaussianBlur}: three horizontal and three vertical box blurs. */
    static Image gaussian(Image image, double radius) {
        float box = boxRadius((float) radius);
        int c = image.channels();
        int h = image.height();
        int w = image.width();
        float[] out = image.pixels().clone();
        BoxBlur across = new BoxBlur(box, w);
        for (int y = 0; y < h; y++) for (int k = 0; k < c; k++) across.blur(out, y * w * c + k, c);
        BoxBlur down = new BoxBlur(box, h);
        for (int i = 0; i < w * c; i++) down.blur(out, i, w * c);
        return new Image(h, w, c, out);
    }

    /** Radius of the box whose repeated blur has the Gaussian's variance, in Pillow's floating-point precision. */
    private static float boxRadius(float radius) {
        float variance = radius * radius / PASSES;
        float length = (float) Math.sqrt(12.0 * variance + 1.0);
        float whole = (float) Math.floor((length - 1.0) / 2.0);
        float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
        part /= 6 * (variance - (whole + 1) * (whole + 1));
        return whole + part;
    }

    /** Box blur of lines of a fixed length, in 24-bit fixed point. The line is padded with its first and last value. */
    private static final class BoxBlur {
        private final int radius;
        private final int inner;
        private final int outer;
        private final int[] line;

        BoxBlur(float size, int length) {
            radius = (int) size;
            inner = (int) ((float) (1 << 24) / (size * 2 + 1));
            outer = ((1 << 24) - (radius * 2 + 1) * inner) / 2;
            line = new int[length + 2 * (radius + 1)];
        }

        /** Blurs the values at {@code from}, {@code from + step}, ... in place. */
        void blur(float[] values, int from, int step) {
            int pad = radius + 1;
            int length = line.length - 2 * pad;
            for (int pass = 0; pass < PASSES; pass++) {
                for (int i = 0; i < length; i++) line[pad + i] = (int) values[from + i * step];
                Arrays.fill(line, 0, pad, line[pad]);
                Arrays.fill(line, pad + length, line.length, line[pad + length - 1]);
                int sum = 0;
                for (int i = 1; i < 2 * radius + 1; i++) sum += line[i];
                for (int i = 0; i < length; i++) {
                    sum += line[i + 2 * radius + 1];
                    long mixed = (long) sum * inner + (long) (line[i] + line[i + 2 * radius + 2]) * outer;
                    values[from + i * step] = (mixed + (1 << 23)) >> 24;
                    sum -= line[i + 1];
                }
            }
        }
    }
}
