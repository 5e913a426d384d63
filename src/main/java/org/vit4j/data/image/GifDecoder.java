package org.vit4j.data.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Decodes the first frame of a GIF (version 89a). As Pillow: the canvas is the logical screen, enlarged if the frame does not
 * fit; pixels outside of the frame have the transparent color, or color 0 if there is none; transparent pixels keep their
 * color.
 */
final class GifDecoder {
    private final ByteBuffer file;
    private byte[] palette = new byte[0];
    private int transparent = -1;

    private GifDecoder(byte[] file) {
        this.file = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    static ByteImage decode(byte[] file, long maxPixels) throws ImageFormatException {
        return new GifDecoder(file).decode(maxPixels);
    }

    private ByteImage decode(long maxPixels) throws ImageFormatException {
        file.position(6);
        int width = file.getShort() & 0xFFFF;
        int height = file.getShort() & 0xFFFF;
        int flags = file.get();
        file.position(13);
        if ((flags & 0x80) != 0) palette = colors(flags);
        for (int block = file.get(); block != ','; block = file.get()) {
            if (block == ';') throw ImageFormatException.corrupt("the image data is missing");
            if (block == '!') extension();
        }
        int left = file.getShort() & 0xFFFF;
        int top = file.getShort() & 0xFFFF;
        int w = file.getShort() & 0xFFFF;
        int h = file.getShort() & 0xFFFF;
        int local = file.get();
        if ((local & 0x80) != 0) palette = colors(local);
        ByteImage.checkSize(Math.max(height, top + h), Math.max(width, left + w), maxPixels);
        ByteImage canvas =
                ByteImage.blank(Math.max(height, top + h), Math.max(width, left + w), isGray() ? 1 : 3, maxPixels);
        byte[] indices = new GifLzw(file).indices(w, h);
        paint(canvas, indices, new int[] {left, top, w, h}, (local & 0x40) != 0);
        return canvas;
    }

    private byte[] colors(int flags) {
        byte[] colors = new byte[3 << ((flags & 7) + 1)];
        file.get(colors);
        return colors;
    }

    private void extension() {
        boolean control = (file.get() & 0xFF) == 0xF9;
        for (int size = file.get() & 0xFF; size > 0; size = file.get() & 0xFF) {
            int start = file.position();
            if (control && size >= 4 && (file.get(start) & 1) != 0) transparent = file.get(start + 3) & 0xFF;
            file.position(start + size);
        }
    }

    /** Returns true if the palette is missing or the identity, so that the indices are gray values. */
    private boolean isGray() {
        for (int i = 0; i < palette.length; i++) if ((palette[i] & 0xFF) != i / 3) return false;
        return true;
    }

    private void paint(ByteImage canvas, byte[] indices, int[] frame, boolean interlaced) {
        byte[] colors = Arrays.copyOf(palette, 3 * 256);
        byte[] row = new byte[canvas.width()];
        int[] rows = rows(frame[3], interlaced);
        int next = 0;
        for (int y = 0; y < canvas.height(); y++) {
            Arrays.fill(row, (byte) Math.max(0, transparent));
            if (y >= frame[1] && y < frame[1] + frame[3]) {
                System.arraycopy(indices, rows[next++] * frame[2], row, frame[0], frame[2]);
            }
            if (canvas.channels() == 1) System.arraycopy(row, 0, canvas.pixels(), y * row.length, row.length);
            else BitRows.lookUp(row, row.length, colors, canvas.pixels(), 3 * y * row.length);
        }
    }

    /** Index in the file of each row of the frame. */
    private static int[] rows(int height, boolean interlaced) {
        int[] rows = new int[height];
        if (!interlaced) {
            Arrays.setAll(rows, y -> y);
            return rows;
        }
        int stored = 0;
        int[][] passes = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
        for (int[] pass : passes) for (int y = pass[0]; y < height; y += pass[1]) rows[y] = stored++;
        return rows;
    }
}
