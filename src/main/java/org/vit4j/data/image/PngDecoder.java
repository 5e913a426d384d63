package org.vit4j.data.image;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decodes PNG (ISO/IEC 15948) of every color type and depth. As Pillow: alpha and transparent colors are dropped, gray of
 * 16 bits is clipped to 255, colors of 16 bits keep the upper 8.
 */
final class PngDecoder {
    private static final int IHDR = 0x49484452;
    private static final int PLTE = 0x504C5445;
    private static final int IDAT = 0x49444154;
    private static final int IEND = 0x49454E44;

    private final ByteBuffer file;
    private final List<ByteBuffer> data = new ArrayList<>();
    private final Inflater inflater = new Inflater();
    private final byte[] palette = new byte[3 * 256];
    private int width;
    private int height;
    private int depth;
    private int colorType;
    private boolean interlaced;

    private PngDecoder(byte[] file) {
        this.file = ByteBuffer.wrap(file);
    }

    static ByteImage decode(byte[] file, long maxPixels) throws ImageFormatException {
        PngDecoder decoder = new PngDecoder(file);
        try {
            decoder.readChunks(maxPixels);
            return decoder.pixels(maxPixels);
        } finally {
            decoder.inflater.end();
        }
    }

    /** Reads the chunks up to the end of the compressed data; later metadata is ignored. */
    private void readChunks(long maxPixels) throws ImageFormatException {
        file.position(8);
        while (file.remaining() >= 8) {
            int length = file.getInt();
            int type = file.getInt();
            if (type == IEND || (type != IDAT && !data.isEmpty())) break;
            int start = file.position();
            int present = length < 0 ? file.remaining() : Math.min(length, file.remaining());
            if (type == IDAT) data.add(file.slice(start, present));
            else if (present < length || length < 0) throw ImageFormatException.corrupt("a chunk ends early");
            if (type == IHDR) header(maxPixels, start, length);
            if (type == PLTE) palette(start, length);
            file.position(Math.min(file.limit(), start + present + 4));
        }
        if (width == 0) throw ImageFormatException.corrupt("the PNG header is missing");
        if (data.isEmpty()) throw ImageFormatException.corrupt("the image data is missing");
    }

    private void header(long maxPixels, int start, int length) throws ImageFormatException {
        checksum(start, length);
        width = file.getInt(start);
        height = file.getInt(start + 4);
        depth = file.get(start + 8);
        colorType = file.get(start + 9);
        interlaced = file.get(start + 12) != 0;
        ByteImage.checkSize(height, width, maxPixels);
        boolean known = switch (colorType) {
            case 0 -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case 3 -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case 2, 4, 6 -> depth == 8 || depth == 16;
            default -> false;
        };
        if (!known) throw ImageFormatException.corrupt("unknown color type " + colorType + " with depth " + depth);
    }

    private void palette(int start, int length) throws ImageFormatException {
        checksum(start, length);
        file.get(start, palette, 0, Math.min(length, palette.length));
    }

    private void checksum(int start, int length) throws ImageFormatException {
        CRC32 crc = new CRC32();
        crc.update(file.array(), start - 4, length + 4);
        if ((int) crc.getValue() != file.getInt(start + length)) {
            throw ImageFormatException.corrupt("wrong checksum in the header");
        }
    }

    private int samples() {
        return switch (colorType) {
            case 2 -> 3;
            case 4 -> 2;
            case 6 -> 4;
            default -> 1;
        };
    }

    private ByteImage pixels(long maxPixels) throws ImageFormatException {
        ByteImage out = ByteImage.blank(height, width, colorType == 0 || colorType == 4 ? 1 : 3, maxPixels);
        if (!interlaced) {
            pass(out, 0, 0, 1, 1);
            return out;
        }
        int[][] adam7 = {
            {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
        };
        for (int[] p : adam7) {
            if (p[0] < width && p[1] < height) pass(out, p[0], p[1], p[2], p[3]);
        }
        return out;
    }

    /** Decodes the pixels whose column is x + i * dx and whose row is y + j * dy. */
    private void pass(ByteImage out, int x, int y, int dx, int dy) throws ImageFormatException {
        int count = (width - x + dx - 1) / dx;
        int bits = samples() * depth;
        int length = (int) (((long) count * bits + 7) / 8);
        int pixelBytes = Math.max(1, bits / 8);
        int channels = out.channels();
        byte[] line = new byte[length + 1];
        byte[] above = new byte[length + 1];
        byte[] row = new byte[count * channels];
        for (int at = y; at < height; at += dy) {
            inflate(line);
            unfilter(line, above, pixelBytes);
            convert(line, row, count);
            int to = (at * width + x) * channels;
            if (dx == 1) System.arraycopy(row, 0, out.pixels(), to, row.length);
            else
                for (int i = 0; i < count; i++)
                    System.arraycopy(row, i * channels, out.pixels(), to + i * dx * channels, channels);
            byte[] current = line;
            line = above;
            above = current;
        }
    }

    private void inflate(byte[] line) throws ImageFormatException {
        try {
            int filled = 0;
            while (filled < line.length) {
                int read = inflater.inflate(line, filled, line.length - filled);
                filled += read;
                if (read > 0) continue;
                if (!inflater.needsInput() || data.isEmpty()) {
                    throw ImageFormatException.corrupt("the image data ends early");
                }
                inflater.setInput(data.remove(0));
            }
        } catch (DataFormatException e) {
            throw ImageFormatException.corrupt(e);
        }
    }

    private static void unfilter(byte[] line, byte[] above, int pixelBytes) throws ImageFormatException {
        switch (line[0]) {
            case 0 -> {}
            case 1 -> {
                for (int i = 1 + pixelBytes; i < line.length; i++) line[i] += line[i - pixelBytes];
            }
            case 2 -> {
                for (int i = 1; i < line.length; i++) line[i] += above[i];
            }
            case 3 -> {
                for (int i = 1; i < line.length; i++) {
                    int left = i > pixelBytes ? line[i - pixelBytes] & 0xFF : 0;
                    line[i] += (byte) ((left + (above[i] & 0xFF)) >> 1);
                }
            }
            case 4 -> {
                for (int i = 1; i < line.length; i++) {
                    int left = i > pixelBytes ? line[i - pixelBytes] & 0xFF : 0;
                    int corner = i > pixelBytes ? above[i - pixelBytes] & 0xFF : 0;
                    line[i] += (byte) paeth(left, above[i] & 0xFF, corner);
                }
            }
            default -> throw ImageFormatException.corrupt("unknown filter " + (line[0] & 0xFF));
        }
    }

    private static int paeth(int left, int up, int corner) {
        int estimate = left + up - corner;
        int byLeft = Math.abs(estimate - left);
        int byUp = Math.abs(estimate - up);
        int byCorner = Math.abs(estimate - corner);
        if (byLeft <= byUp && byLeft <= byCorner) return left;
        return byUp <= byCorner ? up : corner;
    }

    /** Converts a row of samples, which begins at line[1], to gray or RGB. */
    private void convert(byte[] line, byte[] row, int count) {
        int bytes = depth / 8;
        switch (colorType) {
            case 0 -> {
                if (depth < 8) BitRows.expand(line, 1, depth, row, count, 255 / ((1 << depth) - 1));
                else if (depth == 8) System.arraycopy(line, 1, row, 0, count);
                else for (int i = 0; i < count; i++) row[i] = line[1 + 2 * i] != 0 ? (byte) 255 : line[2 + 2 * i];
            }
            case 2 -> {
                if (depth == 8) System.arraycopy(line, 1, row, 0, row.length);
                else for (int i = 0; i < row.length; i++) row[i] = line[1 + 2 * i];
            }
            case 3 -> {
                byte[] indices = new byte[count];
                BitRows.expand(line, 1, depth, indices, count, 1);
                BitRows.lookUp(indices, count, palette, row, 0);
            }
            case 4 -> {
                for (int i = 0; i < count; i++) row[i] = line[1 + i * 2 * bytes];
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    for (int c = 0; c < 3; c++) row[3 * i + c] = line[1 + (4 * i + c) * bytes];
                }
            }
        }
    }
}
