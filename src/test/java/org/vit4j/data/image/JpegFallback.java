package org.vit4j.data.image;

/** Decodes JPEG without OpenCV's natives. */
public final class JpegFallback {
    private JpegFallback() {}

    public static ByteImage decode(byte[] file) throws ImageFormatException {
        ByteImage stored = JpegDecoder.decode(file, ImageFormats.DEFAULT_PIXEL_LIMIT, false);
        return Orientation.apply(stored, Orientation.of(file, ImageFormat.JPEG));
    }
}
