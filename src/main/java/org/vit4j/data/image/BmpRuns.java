package org.vit4j.data.image;

import java.nio.ByteBuffer;

/** Run-length decoding of BMP, RLE8 and RLE4. */
final class BmpRuns {
    private final ByteBuffer file;
    private final boolean halfBytes;
    private int at;

    BmpRuns(ByteBuffer file, int start, boolean halfBytes) {
        this.file = file;
        this.halfBytes = halfBytes;
        this.at = start;
    }

    /** Decodes palette indices [H, W] in the order of the file; skipped pixels are 0. */
    byte[] indices(int width, int height) throws ImageFormatException {
        byte[] out = new byte[Math.multiplyExact(width, height)];
        int x = 0;
        int y = 0;
        while (y < height) {
            if (at + 1 >= file.limit()) throw ImageFormatException.corrupt("the image data ends early");
            int count = next();
            int value = next();
            if (count > 0) {
                for (int i = 0; i < count && x < width; i++) out[y * width + x++] = nibble(value, i);
            } else if (value == 0) {
                x = 0;
                y++;
            } else if (value == 1) {
                break;
            } else if (value == 2) {
                x = Math.min(width, x + next());
                y += next();
            } else {
                x = literal(out, y * width, x, width, value);
            }
        }
        return out;
    }

    private int literal(byte[] out, int row, int start, int width, int count) {
        int x = start;
        int bytes = halfBytes ? (count + 1) / 2 : count;
        for (int i = 0; i < count && x < width; i++) {
            int value = file.get(at + (halfBytes ? i / 2 : i)) & 0xFF;
            out[row + x++] = nibble(value, i);
        }
        at += bytes + (bytes & 1);
        return x;
    }

    private byte nibble(int value, int i) {
        if (!halfBytes) return (byte) value;
        return (byte) (i % 2 == 0 ? value >> 4 : value & 15);
    }

    private int next() {
        return file.get(at++) & 0xFF;
    }
}
