package org.vit4j.data.transforms;

import java.util.Arrays;
import org.vit4j.data.image.ByteImage;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.PixelBuffers;

/** Pillow's smoothing and Gaussian blur of 8-bit images (src/libImaging/Filter.c and BoxBlur.c), bit for bit. */
final class GaussianBlur {
    /** Number of box blurs that approximate a Gaussian blur (Gwosdek et al. 2011). */
    private static final int PASSES = 3;

    private GaussianBlur() {}

    /** {@code ImageFilter.SMOOTH}: a 3x3 kernel with 5 in the center and 1 elsewhere, over 13; border pixels do not change. */
    static ByteImage smooth(ByteImage image) {
        int c = image.channels();
        int row = image.width() * c;
        byte[] in = image.pixels();
        byte[] out = PixelBuffers.bytes(in.length);
        System.arraycopy(in, 0, out, 0, in.length);
        int[] three = new int[row]; // sums of three rows
        for (int y = 1; y < image.height() - 1; y++) {
            int at = y * row;
            for (int i = 0; i < row; i++) {
                three[i] = (in[at - row + i] & 0xFF) + (in[at + i] & 0xFF) + (in[at + row + i] & 0xFF);
            }
            for (int i = c; i < row - c; i++) {
                int sum = three[i - c] + three[i] + three[i + c] + 4 * (in[at + i] & 0xFF);
                out[at + i] = SMOOTHED[sum];
            }
        }
        return new ByteImage(image.height(), image.width(), c, out);
    }

    /** Results of {@link #smooth} for all sums. */
    private static final byte[] SMOOTHED = smoothed();

    private static byte[] smoothed() {
        byte[] smoothed = new byte[13 * 255 + 1];
        for (int sum = 0; sum < smoothed.length; sum++) smoothed[sum] = (byte) (int) ((float) sum / 13 + 0.5f);
        return smoothed;
    }

    /** {@code ImageFilter.GaussianBlur}: three horizontal and three vertical box blurs. */
    static Image gaussian(Image image, double radius) {
        ByteImage bytes = image.toBytes();
        float box = boxRadius((float) radius);
        int c = bytes.channels();
        int h = bytes.height();
        int w = bytes.width();
        byte[] out = PixelBuffers.bytes(bytes.pixels().length);
        System.arraycopy(bytes.pixels(), 0, out, 0, out.length);
        BoxBlur across = new BoxBlur(box, w);
        for (int y = 0; y < h; y++) for (int k = 0; k < c; k++) across.blur(out, y * w * c + k, c);
        BoxBlur down = new BoxBlur(box, h);
        for (int i = 0; i < w * c; i++) down.blur(out, i, w * c);
        return Image.of(new ByteImage(h, w, c, out));
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
        private final int[] blurred;

        BoxBlur(float size, int length) {
            radius = (int) size;
            inner = (int) ((float) (1 << 24) / (size * 2 + 1));
            outer = ((1 << 24) - (radius * 2 + 1) * inner) / 2;
            line = new int[length + 2 * (radius + 1)];
            blurred = new int[length];
        }

        /** Blurs the values at {@code from}, {@code from + step}, ... in place. */
        void blur(byte[] values, int from, int step) {
            int pad = radius + 1;
            int length = line.length - 2 * pad;
            for (int i = 0; i < length; i++) line[pad + i] = values[from + i * step] & 0xFF;
            for (int pass = 0; pass < PASSES; pass++) {
                Arrays.fill(line, 0, pad, line[pad]);
                Arrays.fill(line, pad + length, line.length, line[pad + length - 1]);
                int sum = 0;
                for (int i = 1; i < 2 * radius + 1; i++) sum += line[i];
                for (int i = 0; i < length; i++) {
                    sum += line[i + 2 * radius + 1];
                    long mixed = (long) sum * inner + (long) (line[i] + line[i + 2 * radius + 2]) * outer;
                    blurred[i] = (int) ((mixed + (1 << 23)) >> 24);
                    sum -= line[i + 1];
                }
                System.arraycopy(blurred, 0, line, pad, length);
            }
            for (int i = 0; i < length; i++) values[from + i * step] = (byte) line[pad + i];
        }
    }
}
