package org.vit4j.data;

import com.drew.imaging.ImageMetadataReader;
import com.drew.imaging.ImageProcessingException;
import com.drew.metadata.MetadataException;
import com.drew.metadata.exif.ExifDirectoryBase;
import com.drew.metadata.exif.ExifIFD0Directory;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/** The EXIF tag by which a camera says how it was held: 1 upright, 2..8 flipped or turned (TIFF 6.0, tag 274). */
final class ExifOrientation {
    private ExifOrientation() {}

    /** 1..8; 1 when nothing is said, or nothing legible. */
    static int of(byte[] file) {
        try {
            var directory = ImageMetadataReader.readMetadata(new ByteArrayInputStream(file), file.length)
                    .getFirstDirectoryOfType(ExifIFD0Directory.class);
            if (directory == null || !directory.containsTag(ExifDirectoryBase.TAG_ORIENTATION)) return 1;
            int orientation = directory.getInt(ExifDirectoryBase.TAG_ORIENTATION);
            return orientation >= 1 && orientation <= 8 ? orientation : 1;
        } catch (ImageProcessingException | IOException | MetadataException | RuntimeException e) {
            // Broken metadata do not make the picture itself less readable; libraries that read it say so by
            // unchecked exceptions too.
            return 1;
        }
    }

    /** [H, W, C] -> [H, W, C], or [W, H, C] for 5..8 */
    static Image apply(Image image, int orientation) {
        return switch (orientation) {
            case 1 -> image;
            case 2 -> ImageGeometry.flipHorizontally(image);
            case 3 -> ImageGeometry.flipVertically(ImageGeometry.flipHorizontally(image));
            case 4 -> ImageGeometry.flipVertically(image);
            case 5 -> transpose(image);
            case 6 -> ImageGeometry.flipHorizontally(transpose(image));
            case 7 -> ImageGeometry.flipVertically(ImageGeometry.flipHorizontally(transpose(image)));
            case 8 -> ImageGeometry.flipVertically(transpose(image));
            default -> throw new AssertionError(orientation);
        };
    }

    private static Image transpose(Image image) {
        int h = image.height();
        int w = image.width();
        int c = image.channels();
        float[] out = new float[image.pixels().length];
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                System.arraycopy(image.pixels(), (y * w + x) * c, out, (x * h + y) * c, c);
            }
        }
        return new Image(w, h, c, out);
    }
}
