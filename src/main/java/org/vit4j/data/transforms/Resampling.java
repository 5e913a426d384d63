package org.vit4j.data.transforms;

import org.vit4j.data.image.Image;

/**
 * Resizing as in Pillow up to 11 (src/libImaging/Resample.c): a horizontal pass, then a vertical one (later releases choose
 * the order by cost, which changes some pixels by 1). When downsizing, the filter is widened by the scale factor
 * (antialiasing). Images of integers use Pillow's 8-bit path (fixed-point coefficients, each pass rounded and clipped to
 * 0..255) and equal Pillow's; other images use its floating-point path.
 */
public final class Resampling {
    /** Fractional bits of Pillow's fixed-point coefficients: 32 bits minus 8 for the pixel and 2 for headroom. */
    static final int PRECISION_BITS = 22;

    private Resampling() {}

    /** [H, W, C] -> [height, width, C] */
    public static Image resize(Image image, int height, int width, Interpolation interpolation) {
        if (image.bytes().isPresent()) {
            int[] size = {height, width};
            return Image.of(
                    ByteResampling.resize(image.bytes().get(), size, new int[] {0, 0, height, width}, interpolation));
        }
        return resize(image, height, width, interpolation, isWhole(image.pixels()));
    }

    /**
     * Resizes values that are not pixels, without rounding even if all are integers: PyTorch's {@code interpolate} with
     * {@code antialias=True}.
     */
    public static Image smooth(Image image, int height, int width, Interpolation interpolation) {
        return resize(image, height, width, interpolation, false);
    }

    private static Image resize(Image image, int height, int width, Interpolation interpolation, boolean whole) {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("an image needs at least one pixel (" + height + "x" + width + ")");
        }
        if (height == image.height() && width == image.width()) return image;
        if (interpolation == Interpolation.NEAREST) return nearest(image, height, width);
        Image wide = width == image.width() ? image : horizontal(image, width, interpolation, whole);
        return height == wide.height() ? wide : vertical(wide, height, interpolation, whole);
    }

    /**
     * Filter taps: output pixel i is a weighted sum of {@code count[i]} input pixels, starting at {@code first[i]}.
     *
     * @param size stride of {@code weights} per output pixel
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Taps(int size, int[] first, int[] count, double[] weights) {
        /** The weights in Pillow's fixed point. */
        int[] fixed() {
            int[] fixed = new int[weights.length];
            for (int i = 0; i < fixed.length; i++) {
                double scaled = weights[i] * (1 << PRECISION_BITS);
                fixed[i] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
            }
            return fixed;
        }
    }

    private static Image horizontal(Image image, int width, Interpolation interpolation, boolean whole) {
        int c = image.channels();
        Taps taps = taps(image.width(), width, 0, width, interpolation);
        float[] in = image.pixels();
        TapSum weights = TapSum.of(taps, whole);
        float[] out = new float[image.height() * width * c];
        for (int y = 0; y < image.height(); y++) {
            int row = y * image.width() * c;
            for (int x = 0; x < width; x++) {
                for (int k = 0; k < c; k++) {
                    int from = row + taps.first[x] * c + k;
                    out[(y * width + x) * c + k] = weights.sum(in, from, c, x * taps.size, taps.count[x]);
                }
            }
        }
        return new Image(image.height(), width, c, out);
    }

    private static Image vertical(Image image, int height, Interpolation interpolation, boolean whole) {
        int row = image.width() * image.channels();
        Taps taps = taps(image.height(), height, 0, height, interpolation);
        float[] in = image.pixels();
        TapSum weights = TapSum.of(taps, whole);
        float[] out = new float[height * row];
        for (int y = 0; y < height; y++) {
            int from = taps.first[y] * row;
            for (int x = 0; x < row; x++) {
                out[y * row + x] = weights.sum(in, from + x, row, y * taps.size, taps.count[y]);
            }
        }
        return new Image(height, image.width(), image.channels(), out);
    }

    /** Weighted sum of pixels, in Pillow's fixed-point or floating-point arithmetic. */
    private interface TapSum {
        float sum(float[] pixels, int from, int step, int weight, int count);

        static TapSum of(Taps taps, boolean whole) {
            return whole ? fixed(taps.fixed()) : floating(taps.weights);
        }

        private static TapSum fixed(int[] fixed) {
            return (pixels, from, step, weight, count) -> {
                int sum = 1 << (PRECISION_BITS - 1);
                for (int i = 0; i < count; i++) sum += ((int) pixels[from + i * step]) * fixed[weight + i];
                return Math.min(255, Math.max(0, sum >> PRECISION_BITS));
            };
        }

        private static TapSum floating(double[] weights) {
            return (pixels, from, step, weight, count) -> {
                double sum = 0;
                for (int i = 0; i < count; i++) sum += pixels[from + i * step] * weights[weight + i];
                return (float) sum;
            };
        }
    }

    /** Pillow's precompute_coeffs for a resize from {@code in} to {@code out} pixels; outputs start..start+length only. */
    static Taps taps(int in, int out, int start, int length, Interpolation interpolation) {
        double scale = (double) in / out;
        double stretch = Math.max(1, scale);
        double support = stretch * (interpolation == Interpolation.BICUBIC ? 2 : 1);
        int size = (int) Math.ceil(support) * 2 + 1;
        Taps taps = new Taps(size, new int[length], new int[length], new double[Math.multiplyExact(length, size)]);
        for (int i = 0; i < length; i++) {
            double center = (start + i + 0.5) * scale;
            int first = Math.max(0, (int) (center - support + 0.5));
            int count = Math.min(in, (int) (center + support + 0.5)) - first;
            double total = 0;
            for (int k = 0; k < count; k++) {
                double weight = filter((first + k - center + 0.5) / stretch, interpolation);
                taps.weights[i * size + k] = weight;
                total += weight;
            }
            if (total != 0) for (int k = 0; k < count; k++) taps.weights[i * size + k] /= total;
            taps.first[i] = first;
            taps.count[i] = count;
        }
        return taps;
    }

    private static double filter(double at, Interpolation interpolation) {
        double x = Math.abs(at);
        if (interpolation == Interpolation.BILINEAR) return Math.max(0, 1 - x);
        double a = -0.5; // as Pillow; OpenCV, and torch without antialias, use -0.75
        if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    private static Image nearest(Image image, int height, int width) {
        int c = image.channels();
        int[] columns = nearest(image.width(), width, 0, width);
        int[] rows = nearest(image.height(), height, 0, height);
        float[] in = image.pixels();
        float[] out = new float[height * width * c];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int from = (rows[y] * image.width() + columns[x]) * c;
                System.arraycopy(in, from, out, (y * width + x) * c, c);
            }
        }
        return new Image(height, width, c, out);
    }

    /** Nearest input pixels. Accumulates positions as Pillow's ImagingScaleAffine does, so that ties are rounded alike. */
    static int[] nearest(int in, int out, int start, int length) {
        int[] at = new int[length];
        double scale = (double) in / out;
        double center = scale * 0.5;
        for (int i = 0; i < start + length; i++) {
            if (i >= start) at[i - start] = Math.min(in - 1, (int) center);
            center += scale;
        }
        return at;
    }

    private static boolean isWhole(float[] pixels) {
        for (float pixel : pixels) if (pixel != (int) pixel || pixel < 0 || pixel > 255) return false;
        return true;
    }
}
