package org.vit4j.data.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Decodes WebP by OpenCV; the first frame of an animation. */
final class WebpDecoder {
    private WebpDecoder() {}

    static ByteImage decode(byte[] file, long maxPixels) throws ImageFormatException {
        ByteBuffer riff = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if ((riff.getInt(4) & 0xFFFFFFFFL) + 8 > file.length) {
            throw ImageFormatException.corrupt("the image data ends early");
        }
        switch (file[15]) {
            case 'X' -> ByteImage.checkSize(1L + triple(riff, 27), 1L + triple(riff, 24), maxPixels);
            case 'L' -> {
                int sizes = riff.getInt(21);
                ByteImage.checkSize(1 + (sizes >> 14 & 0x3FFF), 1 + (sizes & 0x3FFF), maxPixels);
            }
            default -> ByteImage.checkSize(riff.getShort(28) & 0x3FFF, riff.getShort(26) & 0x3FFF, maxPixels);
        }
        if (!OpenCv.available()) {
            throw ImageFormatException.unsupported("WebP needs OpenCV, which has no natives for this platform");
        }
        return OpenCv.decode(false, file);
    }

    private static int triple(ByteBuffer riff, int at) {
        return (riff.getShort(at) & 0xFFFF) | (riff.get(at + 2) & 0xFF) << 16;
    }
}
