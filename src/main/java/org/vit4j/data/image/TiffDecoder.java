package org.vit4j.data.image;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Decodes the first page of a TIFF file: bilevel, gray, palette, RGB or CMYK, in strips or tiles. Uncompressed, PackBits, LZW
 * and Deflate data are decoded in Java, other compressions (CCITT, JPEG) by OpenCV. As Pillow: alpha is dropped, premultiplied
 * colors are divided by alpha; gray of more than 8 bits is clipped to 255, colors of 16 bits keep the upper 8.
 */
final class TiffDecoder {
    /** Pixels of a tile that may be larger than the image. */
    private static final long USUAL_TILE = 1 << 20;

    private static final int WHITE_IS_ZERO = 0;
    private static final int BLACK_IS_ZERO = 1;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int CMYK = 5;

    private final byte[] file;
    private final TiffTags tags;
    private final int width;
    private final int height;
    private final int samples;
    private final int bits;
    private final int photometric;
    private final boolean planar;

    private TiffDecoder(byte[] file) throws ImageFormatException {
        this.file = file;
        this.tags = new TiffTags(ByteBuffer.wrap(file));
        width = tags.intOr(256, 0);
        height = tags.intOr(257, 0);
        samples = tags.intOr(277, 1);
        bits = tags.intOr(258, 1);
        photometric = tags.intOr(262, WHITE_IS_ZERO);
        planar = tags.intOr(284, 1) == 2 && samples > 1;
    }

    static ByteImage decode(byte[] file, long maxPixels) throws ImageFormatException {
        TiffDecoder decoder = new TiffDecoder(file);
        ByteImage.checkSize(decoder.height, decoder.width, maxPixels);
        if (!TiffCompression.isKnown(decoder.tags.intOr(259, 1)) || decoder.photometric == 6) return decoder.byOpenCv();
        decoder.check();
        ByteImage out = ByteImage.blank(decoder.height, decoder.width, decoder.isGray() ? 1 : 3, maxPixels);
        decoder.readChunks(out, maxPixels);
        return out;
    }

    private boolean isGray() {
        return photometric == WHITE_IS_ZERO || photometric == BLACK_IS_ZERO;
    }

    private ByteImage byOpenCv() throws ImageFormatException {
        int compression = tags.intOr(259, 1);
        if (!TiffCompression.isKnown(compression) && !List.of(2, 3, 4, 7).contains(compression)) {
            throw ImageFormatException.unsupported("TIFF with compression " + compression);
        }
        if (!OpenCv.available()) {
            throw ImageFormatException.unsupported(
                    "this TIFF compression needs OpenCV, which has no natives for this platform");
        }
        // OpenCV applies the orientation of a TIFF even with its flag to ignore it.
        return OpenCv.decode(false, tags.fileWith(Orientation.TAG, 1));
    }

    private void check() throws ImageFormatException {
        for (long b : tags.integers(258)) {
            if (b != bits) throw ImageFormatException.unsupported("TIFF whose channels have unequal bits");
        }
        boolean fullBytes = bits == 8 || bits == 16;
        boolean packed = bits == 1 || bits == 2 || bits == 4;
        boolean known = switch (photometric) {
            case WHITE_IS_ZERO, BLACK_IS_ZERO -> fullBytes || bits == 32 || (packed && samples == 1);
            case PALETTE -> bits == 8 || (packed && samples == 1);
            case RGB -> fullBytes && samples >= 3;
            case CMYK -> fullBytes && samples >= 4 && !planar;
            default -> false;
        };
        if (!known) {
            throw ImageFormatException.unsupported(
                    "TIFF with photometric interpretation " + photometric + ", " + samples + " x " + bits + " bits");
        }
        if (planar && premultiplied()) throw ImageFormatException.unsupported("TIFF with premultiplied planes");
    }

    private boolean premultiplied() {
        long[] extra = tags.integers(338);
        return photometric == RGB && samples >= 4 && extra.length > 0 && extra[0] == 1;
    }

    private void readChunks(ByteImage out, long maxPixels) throws ImageFormatException {
        boolean tiled = tags.integers(324).length > 0;
        int chunkWidth = tiled ? tags.intOr(322, width) : width;
        int chunkHeight = tiled ? tags.intOr(323, height) : Math.min(height, tags.intOr(278, height));
        if (chunkWidth < 1 || chunkHeight < 1)
            throw ImageFormatException.corrupt("tile size out of range (" + chunkHeight + "x" + chunkWidth + ")");
        if (tiled) ByteImage.checkSize(chunkHeight, chunkWidth, Math.max(maxPixels, USUAL_TILE));
        long[] offsets = tags.integers(tiled ? 324 : 273);
        long[] lengths = tags.integers(tiled ? 325 : 279);
        int across = (width + chunkWidth - 1) / chunkWidth;
        int down = (height + chunkHeight - 1) / chunkHeight;
        int perPlane = across * down;
        int planes = planar ? samples : 1;
        if (offsets.length < (long) perPlane * planes) throw ImageFormatException.corrupt("an offset is missing");
        for (int i = 0; i < perPlane * planes; i++) {
            int x = i % perPlane % across * chunkWidth;
            int y = i % perPlane / across * chunkHeight;
            int rows = tiled ? chunkHeight : Math.min(chunkHeight, height - y);
            int perPixel = planar ? 1 : samples;
            byte[] data =
                    TiffCompression.chunk(tags, file, offsets[i], i < lengths.length ? lengths[i] : -1, new int[] {
                        chunkWidth, rows, perPixel, bits
                    });
            int stride = data.length / rows;
            for (int row = 0; row < Math.min(rows, height - y); row++) {
                row(out, data, row * stride, new int[] {x, y + row, Math.min(chunkWidth, width - x)}, i / perPlane);
            }
        }
    }

    /** @param pixels column, row and number of pixels */
    private void row(ByteImage out, byte[] data, int from, int[] pixels, int plane) {
        int count = pixels[2];
        int to = (pixels[1] * width + pixels[0]) * out.channels();
        switch (photometric) {
            case WHITE_IS_ZERO, BLACK_IS_ZERO -> {
                if (plane == 0) gray(out.pixels(), to, data, from, count);
            }
            case PALETTE -> {
                byte[] indices = new byte[count];
                if (bits < 8) BitRows.expand(data, from, bits, indices, count, 1);
                else for (int i = 0; i < count; i++) indices[i] = data[from + i * (planar ? 1 : samples)];
                if (plane == 0) BitRows.lookUp(indices, count, palette(), out.pixels(), to);
            }
            case RGB -> colors(out.pixels(), to, data, from, count, plane);
            default -> {
                byte[] inks = new byte[4 * count];
                for (int i = 0; i < inks.length; i++) inks[i] = upper(data, from, i / 4 * samples + i % 4);
                System.arraycopy(YccColors.cmykToRgb(inks), 0, out.pixels(), to, 3 * count);
            }
        }
    }

    private void gray(byte[] out, int to, byte[] data, int from, int count) {
        int step = planar ? 1 : samples;
        if (bits < 8) {
            byte[] row = new byte[count];
            BitRows.expand(data, from, bits, row, count, 255 / ((1 << bits) - 1));
            System.arraycopy(row, 0, out, to, count);
        } else {
            ByteBuffer values = ByteBuffer.wrap(data).order(tags.order());
            for (int i = 0; i < count; i++) out[to + i] = clipped(values, from + i * step * bits / 8);
        }
        if (photometric == WHITE_IS_ZERO && bits <= 8)
            for (int i = 0; i < count; i++) out[to + i] = (byte) ~out[to + i];
    }

    private byte clipped(ByteBuffer values, int at) {
        int format = tags.intOr(339, 1);
        if (bits == 8) return values.get(at);
        double value;
        if (bits == 16) value = format == 2 ? values.getShort(at) : values.getShort(at) & 0xFFFF;
        else value = format == 3 ? values.getFloat(at) : values.getInt(at);
        return (byte) Math.max(0, Math.min(255, value));
    }

    private void colors(byte[] out, int to, byte[] data, int from, int count, int plane) {
        if (planar) {
            if (plane < 3) for (int i = 0; i < count; i++) out[to + 3 * i + plane] = upper(data, from, i);
            return;
        }
        boolean divide = premultiplied();
        for (int i = 0; i < count; i++) {
            int alpha = divide ? upper(data, from, i * samples + 3) & 0xFF : 255;
            for (int c = 0; c < 3; c++) {
                int value = upper(data, from, i * samples + c) & 0xFF;
                if (alpha == 0) value = 0;
                else if (alpha < 255) value = Math.min(255, 255 * value / alpha);
                out[to + 3 * i + c] = (byte) value;
            }
        }
    }

    /** Upper 8 bits of a sample. */
    private byte upper(byte[] data, int from, int sample) {
        if (bits == 8) return data[from + sample];
        return data[from + 2 * sample + (tags.order() == java.nio.ByteOrder.LITTLE_ENDIAN ? 1 : 0)];
    }

    /** Converts the color map, 16-bit values of all reds, then greens, then blues, to RGB bytes. */
    private byte[] palette() {
        long[] map = tags.integers(320);
        byte[] palette = new byte[3 * 256];
        for (int i = 0; i < map.length / 3; i++) {
            for (int c = 0; c < 3; c++) palette[3 * i + c] = (byte) (map[c * (map.length / 3) + i] >> 8);
        }
        return palette;
    }
}
