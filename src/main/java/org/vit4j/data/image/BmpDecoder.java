package org.vit4j.data.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Decodes BMP with palettes, 16, 24 and 32 bits, color masks and run-length compression. Alpha is dropped. */
final class BmpDecoder {
    private final ByteBuffer file;
    private final byte[] palette = new byte[3 * 256];
    private int width;
    private int height;
    private int bits;
    private int compression;
    private int start;

    private BmpDecoder(byte[] file) {
        this.file = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    static ByteImage decode(byte[] file, long maxPixels) throws ImageFormatException {
        return new BmpDecoder(file).decode(maxPixels);
    }

    private ByteImage decode(long maxPixels) throws ImageFormatException {
        int header = file.getInt(14);
        if (header < 12 || header > 4096)
            throw ImageFormatException.corrupt("header size out of range (" + header + " bytes)");
        boolean os2 = header == 12;
        start = file.getInt(10);
        width = os2 ? file.getShort(18) & 0xFFFF : file.getInt(18);
        height = os2 ? file.getShort(20) & 0xFFFF : file.getInt(22);
        bits = file.getShort(os2 ? 24 : 28);
        compression = os2 ? 0 : file.getInt(30);
        boolean topDown = height < 0;
        height = Math.abs(height);
        int colors = os2 ? 0 : file.getInt(46);
        boolean masked = compression == 3;
        if (bits <= 8) palette(14 + header, colors == 0 ? 1 << bits : colors, os2 ? 3 : 4);
        ByteImage out = ByteImage.blank(height, width, 3, maxPixels);
        switch (bits) {
            case 1, 4, 8 -> indexed(out, topDown);
            case 16, 24, 32 -> direct(out, topDown, masked && bits != 24 ? masks() : defaultMasks());
            default -> throw ImageFormatException.unsupported("BMP with " + bits + " bits");
        }
        return out;
    }

    private void palette(int at, int colors, int size) throws ImageFormatException {
        if (colors < 0 || colors > 65536)
            throw ImageFormatException.corrupt("palette size out of range (" + colors + " colors)");
        for (int i = 0; i < Math.min(256, colors); i++) {
            for (int c = 0; c < 3; c++) palette[3 * i + c] = file.get(at + i * size + 2 - c);
        }
    }

    /** Reads the masks of red, green and blue, which follow the first 40 bytes of the header in every version. */
    private int[] masks() {
        int[] masks = {file.getInt(54), file.getInt(58), file.getInt(62)};
        return masks[0] == 0 && masks[1] == 0 && masks[2] == 0 ? defaultMasks() : masks;
    }

    private int[] defaultMasks() {
        return bits == 16 ? new int[] {0x7C00, 0x3E0, 0x1F} : new int[] {0xFF0000, 0xFF00, 0xFF};
    }

    private int stride() throws ImageFormatException {
        long stride = ((long) width * bits + 31) / 32 * 4;
        if (start < 0 || start + stride * height > file.limit()) {
            throw ImageFormatException.corrupt("the image data ends early");
        }
        return (int) stride;
    }

    private void indexed(ByteImage out, boolean topDown) throws ImageFormatException {
        byte[] row = new byte[width];
        if (compression == 1 || compression == 2) {
            byte[] indices = new BmpRuns(file, start, compression == 2).indices(width, height);
            for (int y = 0; y < height; y++) {
                System.arraycopy(indices, y * width, row, 0, width);
                BitRows.lookUp(row, width, palette, out.pixels(), (topDown ? y : height - 1 - y) * width * 3);
            }
            return;
        }
        if (compression != 0) throw ImageFormatException.unsupported("BMP with compression " + compression);
        int stride = stride();
        for (int y = 0; y < height; y++) {
            BitRows.expand(file.array(), start + y * stride, bits, row, width, 1);
            BitRows.lookUp(row, width, palette, out.pixels(), (topDown ? y : height - 1 - y) * width * 3);
        }
    }

    private void direct(ByteImage out, boolean topDown, int[] masks) throws ImageFormatException {
        if (compression != 0 && compression != 3) {
            throw ImageFormatException.unsupported("BMP with compression " + compression);
        }
        int stride = stride();
        int bytes = bits / 8;
        int[] shift = new int[3];
        int[] largest = new int[3];
        for (int c = 0; c < 3; c++) {
            shift[c] = masks[c] == 0 ? 0 : Integer.numberOfTrailingZeros(masks[c]);
            largest[c] = Math.max(1, masks[c] >>> shift[c]);
        }
        for (int y = 0; y < height; y++) {
            int to = (topDown ? y : height - 1 - y) * width * 3;
            for (int x = 0; x < width; x++) {
                int pixel = pixel(start + y * stride + x * bytes, bytes);
                for (int c = 0; c < 3; c++) {
                    long value = Integer.toUnsignedLong((pixel & masks[c]) >>> shift[c]);
                    out.pixels()[to + 3 * x + c] = (byte) (value * 255 / largest[c]);
                }
            }
        }
    }

    private int pixel(int at, int bytes) {
        if (bytes == 4) return file.getInt(at);
        int low = file.getShort(at) & 0xFFFF;
        return bytes == 2 ? low : low | (file.get(at + 2) & 0xFF) << 16;
    }
}
