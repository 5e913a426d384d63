package org.vit4j.data.image;

import java.util.Optional;
import org.vit4j.io.GitLfs;

/** Decodes image files of every format in {@link ImageFormat}. */
public final class ImageDecoder {
    private ImageDecoder() {}

    /**
     * Decodes the first image of a file and applies the orientation of its metadata.
     *
     * @param file content of the file
     * @param maxPixels larger images are rejected before memory is allocated
     * @throws ImageFormatException if the file is not an image, is corrupt, too large or not supported
     */
    public static ByteImage decode(byte[] file, long maxPixels) throws ImageFormatException {
        ImageFormat format = ImageFormats.detect(file).orElseThrow(() -> notAnImage(file));
        try {
            ByteImage stored = switch (format) {
                case PNG -> PngDecoder.decode(file, maxPixels);
                case JPEG -> JpegDecoder.decode(file, maxPixels, OpenCv.available());
                case GIF -> GifDecoder.decode(file, maxPixels);
                case BMP -> BmpDecoder.decode(file, maxPixels);
                case WEBP -> WebpDecoder.decode(file, maxPixels);
                case TIFF -> TiffDecoder.decode(file, maxPixels);
                case PNM -> PnmDecoder.decode(file, maxPixels);
            };
            return Orientation.apply(stored, Orientation.of(file, format));
        } catch (RuntimeException e) {
            // Corrupt files cause index errors and similar exceptions in the decoders.
            throw ImageFormatException.corrupt(e);
        }
    }

    private static ImageFormatException notAnImage(byte[] file) {
        Optional<String> pointer = GitLfs.pointer(file);
        if (pointer.isPresent()) return new ImageFormatException(pointer.get());
        return new ImageFormatException("is not an image; expected " + ImageFormats.titles()
                + (file.length == 0 ? " (the file is empty)" : ""));
    }
}
