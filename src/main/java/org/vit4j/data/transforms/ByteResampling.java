package org.vit4j.data.transforms;

import java.util.Arrays;
import org.vit4j.data.image.ByteImage;
import org.vit4j.data.image.ImageTooLargeException;
import org.vit4j.data.image.PixelBox;
import org.vit4j.data.image.PixelBuffers;

/**
 * Resizing of bytes in Pillow's fixed-point arithmetic: a horizontal pass, then a vertical one, each rounded and clipped to
 * 0..255. Computes only a window of the result, from the rows and columns that it depends on.
 *
 * <p>All sums are sums of int arrays, since Java 17 vectorizes those and neither bytes nor strided access. The horizontal pass
 * therefore transposes blocks of rows: a column of a block is a contiguous array.
 */
final class ByteResampling {
    /** Rows per block of the horizontal pass. Smaller blocks pay more for starting loops, larger ones leave the cache. */
    private static final int BLOCK = 64;

    /** Taps per loop. */
    private static final int STEP = 4;

    private static final int HALF = 1 << (ResizeTaps.PRECISION_BITS - 1);

    private static final ThreadLocal<ResizeScratch> SCRATCH = ThreadLocal.withInitial(ResizeScratch::new);

    /** Arrays of the passes. */
    private static final class ResizeScratch {
        private final IntRows columns = new IntRows();
        private final IntRows columnSums = new IntRows();
        private final IntRows ring = new IntRows();
        private final IntRows rowSums = new IntRows();
        private final int[][] block = new int[BLOCK][];
    }

    private final ResizeScratch scratch = SCRATCH.get();
    private final byte[] in;
    private final int channels;

    /** First value of the part that is resized, and values per row of the image. */
    private final int origin;

    private final int rowLength;

    /** Size of the part that is resized. */
    private final int height;

    private final int width;

    private ByteResampling(ByteImage image, PixelBox part) {
        this.in = image.pixels();
        this.channels = image.channels();
        this.rowLength = image.width() * channels;
        this.origin = part.top() * rowLength + part.left() * channels;
        this.height = part.height();
        this.width = part.width();
    }

    /**
     * Resizes a part of an image. Pixels outside of the part have no effect: the result is that of cropping first.
     *
     * @param newHeight of the full result, as is {@code newWidth}
     * @param window computed part of the result
     */
    static ByteImage resize(
            ByteImage image, PixelBox part, int newHeight, int newWidth, PixelBox window, Interpolation interpolation) {
        byte[] out =
                PixelBuffers.bytes(ImageTooLargeException.length(window.height(), window.width(), image.channels()));
        ByteResampling resampling = new ByteResampling(image, part);
        if (interpolation == Interpolation.NEAREST) resampling.nearest(newHeight, newWidth, window, out);
        else resampling.filter(newHeight, newWidth, window, interpolation, out);
        return new ByteImage(window.height(), window.width(), image.channels(), out);
    }

    private void filter(int newHeight, int newWidth, PixelBox window, Interpolation interpolation, byte[] out) {
        RowReader reader = newWidth == width
                ? (first, count, rows) -> copyRows(first, count, window.left(), rows)
                : new ColumnFilter(ResizeTaps.of(width, newWidth, window.left(), window.width(), interpolation));
        int row = window.width() * channels;
        if (newHeight == height) {
            int[][] rows = scratch.ring.of(Math.min(BLOCK, window.height()), row);
            for (int y = 0; y < window.height(); y += BLOCK) {
                int count = Math.min(BLOCK, window.height() - y);
                reader.read(window.top() + y, count, rows);
                for (int i = 0; i < count; i++) toBytes(rows[i], out, (y + i) * row);
            }
            return;
        }
        ResizeTaps taps = ResizeTaps.of(height, newHeight, window.top(), window.height(), interpolation);
        int begin = taps.begin();
        int block = Math.min(BLOCK, taps.end() - begin);
        int[][] rows = scratch.block;
        int size = block + taps.stride();
        int[][] ring = scratch.ring.of(size, row); // the last rows of the horizontal pass
        int[] sums = scratch.rowSums.of(1, row)[0];
        int done = begin;
        for (int y = 0; y < window.height(); y++) {
            int end = taps.first()[y] + taps.count()[y];
            while (done < end) {
                int count = Math.min(block, taps.end() - done);
                for (int i = 0; i < count; i++) rows[i] = ring[(done - begin + i) % size];
                reader.read(done, count, rows);
                done += count;
            }
            Arrays.fill(sums, HALF);
            int at = y * taps.stride();
            int first = taps.first()[y] - begin;
            for (int k = 0; k < taps.count()[y]; k += STEP) {
                // Taps after the last have weight 0, whichever row they meet.
                int[] a = ring[(first + k) % size];
                int[] b = ring[(first + k + 1) % size];
                int[] c = ring[(first + k + 2) % size];
                int[] d = ring[(first + k + 3) % size];
                add(sums, a, b, c, d, taps.fixed(), at + k);
            }
            round(sums);
            toBytes(sums, out, y * row);
        }
    }

    /** Reads rows of the part, resized horizontally, as ints. */
    private interface RowReader {
        void read(int first, int count, int[][] rows);
    }

    private void copyRows(int first, int count, int left, int[][] rows) {
        for (int y = 0; y < count; y++) {
            int[] row = rows[y];
            int from = origin + (first + y) * rowLength + left * channels;
            for (int i = 0; i < row.length; i++) row[i] = in[from + i] & 0xFF;
        }
    }

    /** Resizes rows horizontally. */
    private final class ColumnFilter implements RowReader {
        private final ResizeTaps taps;
        private final int[][] columns; // [column][row of the block, channel]
        private final int[] sums = scratch.columnSums.of(1, BLOCK * channels)[0];

        ColumnFilter(ResizeTaps taps) {
            this.taps = taps;
            this.columns = scratch.columns.of(taps.end() - taps.begin() + STEP, BLOCK * channels);
        }

        @Override
        public void read(int first, int count, int[][] rows) {
            for (int x = taps.begin(); x < taps.end(); x++) {
                int from = origin + first * rowLength + x * channels;
                if (channels == 3) colors(from, count, columns[x - taps.begin()]);
                else gray(from, count, columns[x - taps.begin()]);
            }
            for (int x = 0; x < taps.first().length; x++) {
                Arrays.fill(sums, HALF);
                int at = taps.first()[x] - taps.begin();
                for (int k = 0; k < taps.count()[x]; k += STEP) {
                    int[] a = columns[at + k];
                    int[] b = columns[at + k + 1];
                    int[] c = columns[at + k + 2];
                    int[] d = columns[at + k + 3];
                    add(sums, a, b, c, d, taps.fixed(), x * taps.stride() + k);
                }
                round(sums);
                if (channels == 3) storeColors(sums, count, rows, 3 * x);
                else for (int y = 0; y < count; y++) rows[y][x] = sums[y];
            }
        }

        private static void storeColors(int[] sums, int count, int[][] rows, int at) {
            for (int y = 0; y < count; y++) {
                int[] row = rows[y];
                row[at] = sums[3 * y];
                row[at + 1] = sums[3 * y + 1];
                row[at + 2] = sums[3 * y + 2];
            }
        }

        private void colors(int from, int count, int[] column) {
            for (int i = 0, at = from; i < 3 * count; i += 3, at += rowLength) {
                column[i] = in[at] & 0xFF;
                column[i + 1] = in[at + 1] & 0xFF;
                column[i + 2] = in[at + 2] & 0xFF;
            }
        }

        private void gray(int from, int count, int[] column) {
            for (int i = 0, at = from; i < count; i++, at += rowLength) column[i] = in[at] & 0xFF;
        }
    }

    private static void add(int[] sums, int[] a, int[] b, int[] c, int[] d, int[] weights, int at) {
        int wa = weights[at];
        int wb = weights[at + 1];
        int wc = weights[at + 2];
        int wd = weights[at + 3];
        for (int i = 0; i < sums.length; i++) sums[i] += a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd;
    }

    private static void round(int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] = Math.min(255, Math.max(0, sums[i] >> ResizeTaps.PRECISION_BITS));
        }
    }

    private static void toBytes(int[] values, byte[] out, int to) {
        for (int i = 0; i < values.length; i++) out[to + i] = (byte) values[i];
    }

    private void nearest(int newHeight, int newWidth, PixelBox window, byte[] out) {
        int[] rows = ResizeTaps.nearest(height, newHeight, window.top(), window.height());
        int[] columns = ResizeTaps.nearest(width, newWidth, window.left(), window.width());
        int to = 0;
        for (int row : rows) {
            for (int column : columns) {
                int from = origin + row * rowLength + column * channels;
                for (int k = 0; k < channels; k++) out[to++] = in[from + k];
            }
        }
    }
}
