package org.vit4j.data.transforms;

import java.util.function.IntUnaryOperator;
import org.vit4j.data.image.ByteImage;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.PixelBuffers;

/**
 * Pillow's {@code ImageOps} and {@code ImageEnhance} for 8-bit images, bit for bit: lookup tables, blends in single
 * precision, values truncated (not rounded) to integers. Other values than integers in 0..255 are truncated first.
 */
final class ColorOps {
    private ColorOps() {}

    /** Stretches each channel to 0..255. */
    static Image autocontrast(Image image) {
        return channelwise(image, count -> {
            int low = 0;
            int high = 255;
            while (low < 256 && count[low] == 0) low++;
            while (high >= 0 && count[high] == 0) high--;
            if (high <= low) return i -> i;
            double scale = 255.0 / (high - low);
            double offset = -low * scale;
            return i -> (int) (i * scale + offset);
        });
    }

    /** Equalizes the histogram of each channel. */
    static Image equalize(Image image) {
        return channelwise(image, count -> {
            int distinct = 0;
            int last = 0;
            int total = 0;
            for (int pixels : count) {
                if (pixels == 0) continue;
                distinct++;
                last = pixels;
                total += pixels;
            }
            int step = (total - last) / 255;
            if (distinct <= 1 || step == 0) return i -> i;
            int[] below = new int[256];
            for (int i = 1, sum = 0; i < 256; i++) below[i] = sum += count[i - 1];
            return i -> (step / 2 + below[i]) / step;
        });
    }

    static Image invert(Image image) {
        return mapped(image, i -> 255 - i);
    }

    /** Keeps the {@code bits} highest bits of each value; {@code bits} is clipped to 0..8. */
    static Image posterize(Image image, int bits) {
        if (bits >= 8) return image;
        int mask = 0xFF & -(1 << (8 - Math.max(0, bits)));
        return mapped(image, i -> i & mask);
    }

    /** Inverts values of at least {@code threshold}. */
    static Image solarize(Image image, int threshold) {
        return mapped(image, i -> i < threshold ? i : 255 - i);
    }

    /** Adds {@code add} to values below 128. */
    static Image solarizeAdd(Image image, int add) {
        return mapped(image, i -> i < 128 ? i + add : i);
    }

    /** Replaces all channels by luma. */
    static Image grayscale(Image image) {
        return Image.of(image.toBytes().withChannels(1).withChannels(image.channels()));
    }

    /** Changes the saturation: factor 0 is gray, 1 the original. */
    static Image color(Image image, double factor) {
        ByteImage bytes = image.toBytes();
        if (bytes.channels() == 1) return Image.of(bytes); // gray blended with itself
        byte[] in = bytes.pixels();
        byte[] luma = bytes.withChannels(1).pixels();
        byte[] out = PixelBuffers.bytes(in.length);
        float alpha = (float) factor;
        for (int i = 0, at = 0; i < luma.length; i++, at += 3) {
            int gray = luma[i] & 0xFF;
            out[at] = (byte) blend(gray, in[at] & 0xFF, alpha);
            out[at + 1] = (byte) blend(gray, in[at + 1] & 0xFF, alpha);
            out[at + 2] = (byte) blend(gray, in[at + 2] & 0xFF, alpha);
        }
        return with(bytes, out);
    }

    /** Changes the contrast: factor 0 is the mean luma everywhere, 1 the original. */
    static Image contrast(Image image, double factor) {
        byte[] luma = image.toBytes().withChannels(1).pixels();
        long sum = 0;
        for (byte value : luma) sum += value & 0xFF;
        int mean = (int) ((double) sum / luma.length + 0.5);
        return mapped(image, i -> blend(mean, i, (float) factor));
    }

    /** Changes the brightness: factor 0 is black, 1 the original. */
    static Image brightness(Image image, double factor) {
        return mapped(image, i -> blend(0, i, (float) factor));
    }

    /** Changes the sharpness: factor 0 is smoothed, 1 the original. */
    static Image sharpness(Image image, double factor) {
        ByteImage bytes = image.toBytes();
        byte[] in = bytes.pixels();
        byte[] smooth = GaussianBlur.smooth(bytes).pixels();
        byte[] out = PixelBuffers.bytes(in.length);
        float alpha = (float) factor;
        for (int i = 0; i < out.length; i++) out[i] = (byte) blend(smooth[i] & 0xFF, in[i] & 0xFF, alpha);
        return with(bytes, out);
    }

    /** Pillow's {@code Image.blend} of two values: single precision, truncated and clipped. */
    private static int blend(int from, int to, float alpha) {
        return clip((int) (from + alpha * (to - from)));
    }

    /** Computes a lookup function from the histogram of a channel. */
    private interface HistogramOp {
        IntUnaryOperator of(int[] count);
    }

    private static Image channelwise(Image image, HistogramOp op) {
        ByteImage bytes = image.toBytes();
        byte[] in = bytes.pixels();
        byte[] out = PixelBuffers.bytes(in.length);
        if (bytes.channels() == 1) {
            int[] count = new int[256];
            for (byte value : in) count[value & 0xFF]++;
            byte[] table = table(op.of(count));
            for (int i = 0; i < in.length; i++) out[i] = table[in[i] & 0xFF];
            return with(bytes, out);
        }
        int[][] counts = new int[3][256];
        for (int i = 0; i < in.length; i += 3) {
            counts[0][in[i] & 0xFF]++;
            counts[1][in[i + 1] & 0xFF]++;
            counts[2][in[i + 2] & 0xFF]++;
        }
        byte[] red = table(op.of(counts[0]));
        byte[] green = table(op.of(counts[1]));
        byte[] blue = table(op.of(counts[2]));
        for (int i = 0; i < in.length; i += 3) {
            out[i] = red[in[i] & 0xFF];
            out[i + 1] = green[in[i + 1] & 0xFF];
            out[i + 2] = blue[in[i + 2] & 0xFF];
        }
        return with(bytes, out);
    }

    private static Image mapped(Image image, IntUnaryOperator value) {
        ByteImage bytes = image.toBytes();
        byte[] in = bytes.pixels();
        byte[] table = table(value);
        byte[] out = PixelBuffers.bytes(in.length);
        for (int i = 0; i < out.length; i++) out[i] = table[in[i] & 0xFF];
        return with(bytes, out);
    }

    /** The results for all values of a byte. */
    private static byte[] table(IntUnaryOperator value) {
        byte[] table = new byte[256];
        for (int i = 0; i < 256; i++) table[i] = (byte) clip(value.applyAsInt(i));
        return table;
    }

    private static int clip(int value) {
        return Math.min(255, Math.max(0, value));
    }

    private static Image with(ByteImage image, byte[] pixels) {
        return Image.of(new ByteImage(image.height(), image.width(), image.channels(), pixels));
    }
}
