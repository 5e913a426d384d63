package org.vit4j.data.transforms;

import java.util.function.IntUnaryOperator;
import org.vit4j.data.image.Image;

/**
 * Pillow's {@code ImageOps} and {@code ImageEnhance} for 8-bit images, bit for bit: lookup tables, blends in single
 * precision, values truncated (not rounded) to integers. Images must have integer values, 0..255.
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
        return table(image, i -> 255 - i);
    }

    /** Keeps the {@code bits} highest bits of each value; {@code bits} is clipped to 0..8. */
    static Image posterize(Image image, int bits) {
        if (bits >= 8) return image;
        int mask = 0xFF & -(1 << (8 - Math.max(0, bits)));
        return table(image, i -> i & mask);
    }

    /** Inverts values of at least {@code threshold}. */
    static Image solarize(Image image, int threshold) {
        return table(image, i -> i < threshold ? i : 255 - i);
    }

    /** Adds {@code add} to values below 128. */
    static Image solarizeAdd(Image image, int add) {
        return table(image, i -> i < 128 ? i + add : i);
    }

    /** Replaces all channels by luma. */
    static Image grayscale(Image image) {
        return image.withChannels(1).withChannels(image.channels());
    }

    /** Changes the saturation: factor 0 is gray, 1 the original. */
    static Image color(Image image, double factor) {
        return blend(grayscale(image), image, factor);
    }

    /** Changes the contrast: factor 0 is the mean luma everywhere, 1 the original. */
    static Image contrast(Image image, double factor) {
        float[] luma = image.withChannels(1).pixels();
        long sum = 0;
        for (float value : luma) sum += (long) value;
        return blend(flat(image, (int) ((double) sum / luma.length + 0.5)), image, factor);
    }

    /** Changes the brightness: factor 0 is black, 1 the original. */
    static Image brightness(Image image, double factor) {
        return blend(flat(image, 0), image, factor);
    }

    /** Changes the sharpness: factor 0 is smoothed, 1 the original. */
    static Image sharpness(Image image, double factor) {
        return blend(GaussianBlur.smooth(image), image, factor);
    }

    /** Pillow's {@code Image.blend}: single precision, truncated to integers. */
    private static Image blend(Image from, Image to, double factor) {
        float alpha = (float) factor;
        float[] a = from.pixels();
        float[] b = to.pixels();
        float[] out = new float[a.length];
        for (int i = 0; i < out.length; i++) out[i] = clip((int) (a[i] + alpha * (b[i] - a[i])));
        return with(to, out);
    }

    private static Image flat(Image image, int value) {
        float[] out = new float[image.height() * image.width() * image.channels()];
        java.util.Arrays.fill(out, value);
        return with(image, out);
    }

    /** Computes a lookup function from the histogram of a channel. */
    private interface HistogramOp {
        IntUnaryOperator of(int[] count);
    }

    private static Image channelwise(Image image, HistogramOp op) {
        int channels = image.channels();
        float[] pixels = image.pixels();
        float[] out = new float[pixels.length];
        for (int c = 0; c < channels; c++) {
            int[] count = new int[256];
            for (int i = c; i < pixels.length; i += channels) count[(int) pixels[i]]++;
            float[] table = table(op.of(count));
            for (int i = c; i < pixels.length; i += channels) out[i] = table[(int) pixels[i]];
        }
        return with(image, out);
    }

    private static Image table(Image image, IntUnaryOperator value) {
        float[] table = table(value);
        float[] out = new float[image.height() * image.width() * image.channels()];
        float[] in = image.pixels();
        for (int i = 0; i < out.length; i++) out[i] = table[(int) in[i]];
        return with(image, out);
    }

    private static float[] table(IntUnaryOperator value) {
        float[] table = new float[256];
        for (int i = 0; i < 256; i++) table[i] = clip(value.applyAsInt(i));
        return table;
    }

    private static int clip(int value) {
        return Math.min(255, Math.max(0, value));
    }

    private static Image with(Image image, float[] pixels) {
        return new Image(image.height(), image.width(), image.channels(), pixels);
    }
}
