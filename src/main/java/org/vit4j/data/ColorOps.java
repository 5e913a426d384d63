package org.vit4j.data;

import java.util.function.IntUnaryOperator;

/**
 * What Pillow's {@code ImageOps} and {@code ImageEnhance} do to the values of an 8-bit picture, bit by bit: its tables,
 * its blends in single precision, its cutting (not rounding) to whole numbers. Pictures hold whole numbers, 0..255.
 */
final class ColorOps {
    private ColorOps() {}

    /** Stretches each channel so that its darkest value is 0 and its brightest 255. */
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

    /** Spreads each channel so that all values are about equally frequent. */
    static Image equalize(Image image) {
        return channelwise(image, count -> {
            int kinds = 0;
            int last = 0;
            int total = 0;
            for (int pixels : count) {
                if (pixels == 0) continue;
                kinds++;
                last = pixels;
                total += pixels;
            }
            int step = (total - last) / 255;
            if (kinds <= 1 || step == 0) return i -> i;
            int[] below = new int[256];
            for (int i = 1, sum = 0; i < 256; i++) below[i] = sum += count[i - 1];
            return i -> (step / 2 + below[i]) / step;
        });
    }

    static Image invert(Image image) {
        return table(image, i -> 255 - i);
    }

    /** Keeps the {@code bits} highest bits of each value; all of 8 and more, none of 0 and less. */
    static Image posterize(Image image, int bits) {
        if (bits >= 8) return image;
        int mask = 0xFF & -(1 << (8 - Math.max(0, bits)));
        return table(image, i -> i & mask);
    }

    /** Inverts values from the threshold on. */
    static Image solarize(Image image, int threshold) {
        return table(image, i -> i < threshold ? i : 255 - i);
    }

    /** Adds to values below 128. */
    static Image solarizeAdd(Image image, int add) {
        return table(image, i -> i < 128 ? i + add : i);
    }

    /** Luma in all channels. */
    static Image grayscale(Image image) {
        return image.withChannels(1).withChannels(image.channels());
    }

    /** From gray (0) by the picture itself (1) to more color. */
    static Image color(Image image, double factor) {
        return blend(grayscale(image), image, factor);
    }

    /** From its mean luma (0) by the picture itself (1) to more contrast. */
    static Image contrast(Image image, double factor) {
        float[] luma = image.withChannels(1).pixels();
        long sum = 0;
        for (float value : luma) sum += (long) value;
        return blend(flat(image, (int) ((double) sum / luma.length + 0.5)), image, factor);
    }

    /** From black (0) by the picture itself (1) to brighter. */
    static Image brightness(Image image, double factor) {
        return blend(flat(image, 0), image, factor);
    }

    /** From smoothed (0) by the picture itself (1) to sharpened. */
    static Image sharpness(Image image, double factor) {
        return blend(GaussianBlur.smooth(image), image, factor);
    }

    /** Pillow's {@code Image.blend}: in single precision, cut to whole numbers. */
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

    /** Makes a function of values from how often each occurs. */
    private interface HistogramOp {
        IntUnaryOperator of(int[] count);
    }

    private static Image channelwise(Image image, HistogramOp reading) {
        int channels = image.channels();
        float[] pixels = image.pixels();
        float[] out = new float[pixels.length];
        for (int c = 0; c < channels; c++) {
            int[] count = new int[256];
            for (int i = c; i < pixels.length; i += channels) count[(int) pixels[i]]++;
            float[] table = table(reading.of(count));
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
