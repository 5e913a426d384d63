package org.vit4j.data.transforms;

import org.vit4j.data.image.ByteImage;

/**
 * Resizing of bytes in Pillow's fixed-point arithmetic: a horizontal pass, then a vertical one, each rounded and clipped to
 * 0..255. Computes only a window of the result; its pixels equal those of the full result.
 */
final class ByteResampling {
    private ByteResampling() {}

    /**
     * Resizes [H, W, C] -> [h, w, C].
     *
     * @param size height and width of the full result
     * @param window top, left, h, w of the computed part of the result
     */
    static ByteImage resize(ByteImage image, int[] size, int[] window, Interpolation interpolation) {
        if (window[2] == image.height()
                && window[3] == image.width()
                && size[0] == image.height()
                && size[1] == image.width()) {
            return image;
        }
        long values = (long) window[2] * window[3] * image.channels();
        if (values > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("the resized image is too large (" + size[0] + "x" + size[1] + ", from "
                    + image.height() + "x" + image.width() + ")");
        }
        if (interpolation == Interpolation.NEAREST) return nearest(image, size, window);
        boolean changesHeight = size[0] != image.height();
        Resampling.Taps rows = Resampling.taps(image.height(), size[0], window[0], window[2], interpolation);
        int first = changesHeight ? rows.first()[0] : window[0];
        int end = changesHeight ? rows.first()[window[2] - 1] + rows.count()[window[2] - 1] : window[0] + window[2];
        ByteImage resizedRows = horizontal(image, first, end - first, size[1], window, interpolation);
        return changesHeight ? vertical(resizedRows, first, rows, window[2]) : resizedRows;
    }

    /** Resizes rows first..first+count of the image to the columns of the window. */
    private static ByteImage horizontal(
            ByteImage image, int first, int count, int size, int[] window, Interpolation interpolation) {
        int c = image.channels();
        int width = window[3];
        byte[] in = image.pixels();
        byte[] out = new byte[Math.multiplyExact(count, width * c)];
        if (size == image.width()) {
            for (int y = 0; y < count; y++) {
                System.arraycopy(in, ((first + y) * size + window[1]) * c, out, y * width * c, width * c);
            }
            return new ByteImage(count, width, c, out);
        }
        Resampling.Taps taps = Resampling.taps(image.width(), size, window[1], width, interpolation);
        int[] weights = taps.fixed();
        for (int y = 0; y < count; y++) {
            int row = (first + y) * image.width() * c;
            for (int x = 0; x < width; x++) {
                int from = row + taps.first()[x] * c;
                int to = (y * width + x) * c;
                int weight = x * taps.size();
                if (c == 3) colors(in, from, out, to, weights, weight, taps.count()[x]);
                else out[to] = gray(in, from, weights, weight, taps.count()[x]);
            }
        }
        return new ByteImage(count, width, c, out);
    }

    private static byte gray(byte[] in, int from, int[] weights, int weight, int count) {
        int sum = 1 << (Resampling.PRECISION_BITS - 1);
        for (int i = 0; i < count; i++) sum += (in[from + i] & 0xFF) * weights[weight + i];
        return clip(sum);
    }

    private static void colors(byte[] in, int from, byte[] out, int to, int[] weights, int weight, int count) {
        int red = 1 << (Resampling.PRECISION_BITS - 1);
        int green = red;
        int blue = red;
        for (int i = 0, at = from; i < count; i++, at += 3) {
            int w = weights[weight + i];
            red += (in[at] & 0xFF) * w;
            green += (in[at + 1] & 0xFF) * w;
            blue += (in[at + 2] & 0xFF) * w;
        }
        out[to] = clip(red);
        out[to + 1] = clip(green);
        out[to + 2] = clip(blue);
    }

    /** @param first index in the original image of the first row of {@code image} */
    private static ByteImage vertical(ByteImage image, int first, Resampling.Taps taps, int height) {
        int row = image.width() * image.channels();
        byte[] in = image.pixels();
        byte[] out = new byte[Math.multiplyExact(height, row)];
        int[] weights = taps.fixed();
        int[] sums = new int[row];
        for (int y = 0; y < height; y++) {
            java.util.Arrays.fill(sums, 1 << (Resampling.PRECISION_BITS - 1));
            for (int k = 0; k < taps.count()[y]; k++) {
                int weight = weights[y * taps.size() + k];
                int from = (taps.first()[y] - first + k) * row;
                for (int x = 0; x < row; x++) sums[x] += (in[from + x] & 0xFF) * weight;
            }
            for (int x = 0; x < row; x++) out[y * row + x] = clip(sums[x]);
        }
        return new ByteImage(height, image.width(), image.channels(), out);
    }

    private static byte clip(int sum) {
        return (byte) Math.min(255, Math.max(0, sum >> Resampling.PRECISION_BITS));
    }

    private static ByteImage nearest(ByteImage image, int[] size, int[] window) {
        int c = image.channels();
        int[] rows = Resampling.nearest(image.height(), size[0], window[0], window[2]);
        int[] columns = Resampling.nearest(image.width(), size[1], window[1], window[3]);
        byte[] out = new byte[window[2] * window[3] * c];
        int to = 0;
        for (int row : rows) {
            for (int column : columns) {
                int from = (row * image.width() + column) * c;
                for (int k = 0; k < c; k++) out[to++] = image.pixels()[from + k];
            }
        }
        return new ByteImage(window[2], window[3], c, out);
    }
}
