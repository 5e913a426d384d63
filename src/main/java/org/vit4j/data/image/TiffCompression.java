package org.vit4j.data.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Decompression of strips and tiles of TIFF: uncompressed, LZW, Deflate and PackBits, with horizontal differencing. */
final class TiffCompression {
    private TiffCompression() {}

    static boolean isKnown(int compression) {
        return switch (compression) {
            case 1, 5, 8, 32946, 32773 -> true;
            default -> false;
        };
    }

    /**
     * Reads one strip or tile.
     *
     * @param length of the compressed data; negative if unknown
     * @param shape width, rows, samples per pixel, bits per sample
     * @return rows, each padded to full bytes
     */
    static byte[] chunk(TiffTags tags, byte[] file, long offset, long length, int[] shape) throws ImageFormatException {
        int stride = Math.toIntExact(((long) shape[0] * shape[2] * shape[3] + 7) / 8);
        byte[] out = new byte[Math.multiplyExact(stride, shape[1])];
        int compression = tags.intOr(259, 1);
        long present = length < 0 || compression == 1 ? out.length : length;
        if (offset < 0 || offset + (compression == 1 ? present : 1) > file.length) throw truncated();
        int to = (int) Math.min(file.length, offset + present);
        byte[] in = Arrays.copyOfRange(file, (int) offset, to);
        if (tags.intOr(266, 1) == 2) for (int i = 0; i < in.length; i++) in[i] = (byte) (Integer.reverse(in[i]) >>> 24);
        switch (compression) {
            case 1 -> System.arraycopy(in, 0, out, 0, out.length);
            case 5 -> lzw(in, out);
            case 32773 -> packBits(in, out);
            default -> inflate(in, out);
        }
        int predictor = tags.intOr(317, 1);
        if (predictor == 2) for (int y = 0; y < shape[1]; y++) undoDifferences(out, y * stride, shape, tags.order());
        else if (predictor != 1) throw ImageFormatException.unsupported("TIFF with predictor " + predictor);
        return out;
    }

    private static ImageFormatException truncated() {
        return ImageFormatException.corrupt("the image data ends early");
    }

    private static void inflate(byte[] in, byte[] out) throws ImageFormatException {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(in);
            int filled = 0;
            while (filled < out.length) {
                int read = inflater.inflate(out, filled, out.length - filled);
                if (read == 0) throw truncated();
                filled += read;
            }
        } catch (DataFormatException e) {
            throw ImageFormatException.corrupt(e);
        } finally {
            inflater.end();
        }
    }

    private static void packBits(byte[] in, byte[] out) throws ImageFormatException {
        int at = 0;
        int to = 0;
        while (to < out.length) {
            if (at >= in.length) throw truncated();
            int count = in[at++];
            if (count == -128) continue;
            if (count >= 0) {
                int copied = Math.min(count + 1, out.length - to);
                if (at + copied > in.length) throw truncated();
                System.arraycopy(in, at, out, to, copied);
                at += count + 1;
                to += copied;
            } else {
                if (at >= in.length) throw truncated();
                int end = Math.min(out.length, to + 1 - count);
                Arrays.fill(out, to, end, in[at++]);
                to = end;
            }
        }
    }

    /** Decodes LZW with codes of 9 to 12 bits, highest bit first; the length grows one code early (TIFF 6.0, section 13). */
    private static void lzw(byte[] in, byte[] out) throws ImageFormatException {
        int[] from = new int[4097];
        int[] lengths = new int[4097];
        int next = 258;
        int size = 9;
        int to = 0;
        int previous = -1; // start of the last string in the output
        int previousLength = 0;
        for (long bit = 0; to < out.length; ) {
            if (bit + size > 8L * in.length) throw truncated();
            int code = bits(in, bit, size);
            bit += size;
            if (code == 257) throw truncated();
            if (code == 256) {
                next = 258;
                size = 9;
                previous = -1;
                continue;
            }
            int start = to;
            int length = code < 256 ? 1 : lengths[code];
            if (code >= 258 && (code > next || previous < 0)) throw ImageFormatException.corrupt("code out of range");
            if (previous >= 0 && next < 4096) {
                from[next] = previous;
                lengths[next] = previousLength + 1;
                if (code == next) length = previousLength + 1;
                next++;
            }
            if (code < 256) out[to++] = (byte) code;
            else for (int i = 0, at = from[code]; i < length && to < out.length; i++) out[to++] = out[at++];
            previous = start;
            previousLength = length;
            if (next + 1 >= 1 << size && size < 12) size++;
        }
    }

    private static int bits(byte[] in, long bit, int size) {
        int at = (int) (bit >> 3);
        int word = 0;
        for (int i = 0; i < 3; i++) word = word << 8 | (at + i < in.length ? in[at + i] & 0xFF : 0);
        return (word >> (24 - size - (int) (bit & 7))) & ((1 << size) - 1);
    }

    private static void undoDifferences(byte[] row, int start, int[] shape, ByteOrder order)
            throws ImageFormatException {
        int values = shape[0] * shape[2];
        if (shape[3] == 8) {
            for (int i = shape[2]; i < values; i++) row[start + i] += row[start + i - shape[2]];
        } else if (shape[3] == 16) {
            ByteBuffer all = ByteBuffer.wrap(row).order(order);
            for (int i = shape[2]; i < values; i++) {
                int sum = all.getShort(start + 2 * i) + all.getShort(start + 2 * (i - shape[2]));
                all.putShort(start + 2 * i, (short) sum);
            }
        } else {
            throw ImageFormatException.unsupported("TIFF with differences of " + shape[3] + " bits");
        }
    }
}
