package org.vit4j.data.image;

import java.nio.ByteBuffer;

/** LZW decompression of GIF: codes of growing length, lowest bit first, in blocks of up to 255 bytes. */
final class GifLzw {
    private static final int MAX_CODES = 4096;

    private final ByteBuffer file;
    private final int[] prefix = new int[MAX_CODES];
    private final byte[] last = new byte[MAX_CODES];
    private final byte[] reversed = new byte[MAX_CODES + 1];
    private int bits;
    private int bitCount;
    private int remaining;

    GifLzw(ByteBuffer file) {
        this.file = file;
    }

    /** Palette indices of a frame, [H, W], in the order of the file. */
    byte[] indices(int width, int height) throws ImageFormatException {
        byte[] out = new byte[Math.multiplyExact(width, height)];
        int minimum = file.get();
        if (minimum < 1 || minimum > 11) throw ImageFormatException.corrupt("code size out of range (" + minimum + ")");
        int clear = 1 << minimum;
        for (int i = 0; i < Math.min(256, clear); i++) last[i] = (byte) i;
        int size = minimum + 1;
        int next = clear + 2;
        int previous = -1;
        int first = 0;
        int to = 0;
        while (to < out.length) {
            int code = code(size);
            if (code == clear) {
                size = minimum + 1;
                next = clear + 2;
                previous = -1;
                continue;
            }
            if (code == clear + 1) throw ImageFormatException.corrupt("the image data ends early");
            if (code > next || (code == next && previous < 0)) throw ImageFormatException.corrupt("code out of range");
            int length = 0;
            int at = code;
            if (code == next) {
                reversed[length++] = (byte) first;
                at = previous;
            }
            while (at >= clear) {
                reversed[length++] = last[at];
                at = prefix[at];
            }
            first = at;
            reversed[length++] = (byte) at;
            while (length > 0 && to < out.length) out[to++] = reversed[--length];
            if (previous >= 0 && next < MAX_CODES) {
                prefix[next] = previous;
                last[next++] = (byte) first;
                if (next == 1 << size && size < 12) size++;
            }
            previous = code;
        }
        return out;
    }

    private int code(int size) throws ImageFormatException {
        while (bitCount < size) {
            if (remaining == 0) remaining = file.get() & 0xFF;
            if (remaining == 0) throw ImageFormatException.corrupt("the image data ends early");
            bits |= (file.get() & 0xFF) << bitCount;
            bitCount += 8;
            remaining--;
        }
        int code = bits & ((1 << size) - 1);
        bits >>>= size;
        bitCount -= size;
        return code;
    }
}
