package org.vit4j.data.transforms;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Filter taps of a resize along one axis: output pixel i is a weighted sum of {@code count[i]} input pixels, starting at
 * {@code first[i]}.
 *
 * @param stride weights per output pixel, a multiple of 4; those after {@code count[i]} are 0
 * @param weights for sums in floating point
 * @param fixed the weights in Pillow's fixed point
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ResizeTaps(int stride, int[] first, int[] count, double[] weights, int[] fixed) {
    /** Fractional bits of Pillow's fixed-point coefficients: 32 bits minus 8 for the pixel and 2 for headroom. */
    static final int PRECISION_BITS = 22;

    private static final int MAX_CACHED = 64;

    /** Tables of the last sizes: evaluation and fixed crops repeat theirs for every image. */
    private static final Map<TapsKey, ResizeTaps> CACHE = new LinkedHashMap<>(MAX_CACHED, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<TapsKey, ResizeTaps> eldest) {
            return size() > MAX_CACHED;
        }
    };

    /** Parameters that determine a table. */
    private record TapsKey(int in, int out, int start, int length, Interpolation interpolation) {}

    /** Pillow's precompute_coeffs for a resize from {@code in} to {@code out} pixels; outputs start..start+length only. */
    static ResizeTaps of(int in, int out, int start, int length, Interpolation interpolation) {
        TapsKey key = new TapsKey(in, out, start, length, interpolation);
        synchronized (CACHE) {
            ResizeTaps cached = CACHE.get(key);
            if (cached != null) return cached;
        }
        ResizeTaps taps = compute(key);
        synchronized (CACHE) {
            CACHE.put(key, taps);
        }
        return taps;
    }

    private static ResizeTaps compute(TapsKey key) {
        double scale = (double) key.in / key.out;
        double stretch = Math.max(1, scale);
        double support = stretch * (key.interpolation == Interpolation.BICUBIC ? 2 : 1);
        int stride = Math.addExact((int) Math.ceil(support) * 2 + 1, 3) / 4 * 4;
        int[] first = new int[key.length];
        int[] count = new int[key.length];
        double[] weights = new double[Math.multiplyExact(key.length, stride)];
        for (int i = 0; i < key.length; i++) {
            double center = (key.start + i + 0.5) * scale;
            first[i] = Math.max(0, (int) (center - support + 0.5));
            count[i] = Math.min(key.in, (int) (center + support + 0.5)) - first[i];
            double total = 0;
            for (int k = 0; k < count[i]; k++) {
                double weight = filter((first[i] + k - center + 0.5) / stretch, key.interpolation);
                weights[i * stride + k] = weight;
                total += weight;
            }
            if (total != 0) for (int k = 0; k < count[i]; k++) weights[i * stride + k] /= total;
        }
        return new ResizeTaps(stride, first, count, weights, fixed(weights));
    }

    private static int[] fixed(double[] weights) {
        int[] fixed = new int[weights.length];
        for (int i = 0; i < fixed.length; i++) {
            double scaled = weights[i] * (1 << PRECISION_BITS);
            fixed[i] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
        }
        return fixed;
    }

    private static double filter(double at, Interpolation interpolation) {
        double x = Math.abs(at);
        if (interpolation == Interpolation.BILINEAR) return Math.max(0, 1 - x);
        double a = -0.5; // as Pillow; OpenCV, and torch without antialias, use -0.75
        if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    /** First input pixel of all outputs. */
    int begin() {
        return first[0];
    }

    /** End of the input pixels of all outputs, exclusive. */
    int end() {
        return first[first.length - 1] + count[count.length - 1];
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
}
