package org.vit4j.data.image;

/**
 * Decodes PBM, PGM and PPM, plain (P1 to P3) and raw (P4 to P6). As Pillow: values are scaled to 255 by the largest value,
 * except gray of more than 8 bits, which is scaled to 65535 and then clipped to 255.
 */
final class PnmDecoder {
    private final byte[] file;
    private int at = 2;

    private PnmDecoder(byte[] file) {
        this.file = file;
    }

    static boolean isSeparator(byte b) {
        return b == ' ' || (b >= 9 && b <= 13);
    }

    static ByteImage decode(byte[] file, long maxPixels) throws ImageFormatException {
        return new PnmDecoder(file).decode(maxPixels);
    }

    private ByteImage decode(long maxPixels) throws ImageFormatException {
        int kind = file[1] - '0';
        int width = number();
        int height = number();
        boolean bitmap = kind == 1 || kind == 4;
        int largest = bitmap ? 1 : number();
        if (largest < 1 || largest > 65535)
            throw ImageFormatException.corrupt("maximum value out of range (" + largest + ")");
        ByteImage out = ByteImage.blank(height, width, kind == 3 || kind == 6 ? 3 : 1, maxPixels);
        byte[] scaled = bitmap ? new byte[] {(byte) 255, 0} : scale(largest, out.channels() == 1 && largest > 255);
        if (kind <= 3) plain(out.pixels(), scaled, bitmap);
        else if (bitmap) bits(out);
        else raw(out.pixels(), scaled);
        return out;
    }

    private static byte[] scale(int largest, boolean clipped) {
        byte[] scaled = new byte[largest + 1];
        for (int i = 0; i <= largest; i++) {
            double value = Math.rint((double) i / largest * (clipped ? 65535 : 255));
            scaled[i] = (byte) Math.min(255, value);
        }
        return scaled;
    }

    private int number() throws ImageFormatException {
        skipSeparators();
        int start = at;
        long value = 0;
        while (at < file.length && file[at] >= '0' && file[at] <= '9' && value < Integer.MAX_VALUE) {
            value = value * 10 + file[at++] - '0';
        }
        if (start == at) throw ImageFormatException.corrupt("a number is missing");
        if (value > Integer.MAX_VALUE) throw ImageFormatException.corrupt("a number is too large");
        return (int) value;
    }

    private void skipSeparators() {
        while (at < file.length && (isSeparator(file[at]) || file[at] == '#')) {
            if (file[at++] == '#') while (at < file.length && file[at] != '\n' && file[at] != '\r') at++;
        }
    }

    private void plain(byte[] out, byte[] scaled, boolean bitmap) throws ImageFormatException {
        for (int i = 0; i < out.length; i++) {
            int value;
            if (bitmap) { // plain bitmaps may have no separators between digits
                skipSeparators();
                value = file[at++] - '0';
            } else {
                value = number();
            }
            if (value < 0 || value >= scaled.length)
                throw ImageFormatException.corrupt("value out of range (" + value + ")");
            out[i] = scaled[value];
        }
    }

    private void bits(ByteImage out) throws ImageFormatException {
        int bytes = (out.width() + 7) / 8;
        int start = rawStart((long) bytes * out.height());
        byte[] row = new byte[out.width()];
        for (int y = 0; y < out.height(); y++) {
            BitRows.expand(file, start + y * bytes, 1, row, row.length, 255);
            for (int x = 0; x < row.length; x++) out.pixels()[y * row.length + x] = (byte) ~row[x];
        }
    }

    private void raw(byte[] out, byte[] scaled) throws ImageFormatException {
        int bytes = scaled.length > 256 ? 2 : 1;
        int start = rawStart((long) bytes * out.length);
        for (int i = 0; i < out.length; i++) {
            int value = file[start + i * bytes] & 0xFF;
            if (bytes == 2) value = value << 8 | (file[start + 2 * i + 1] & 0xFF);
            out[i] = value < scaled.length ? scaled[value] : (byte) 255;
        }
    }

    /** Offset of the raw values, after one separator. */
    private int rawStart(long needed) throws ImageFormatException {
        if (at + 1 + needed > file.length) throw ImageFormatException.corrupt("the image data ends early");
        return at + 1;
    }
}
