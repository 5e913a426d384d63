package org.vit4j.data.image;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.vit4j.config.Checks;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;
import org.vit4j.machine.MemoryLimit;

/**
 * Reads image files with the pixels of Pillow's {@code ImageOps.exif_transpose(image).convert('RGB')} or {@code
 * convert('L')}: alpha is dropped, palettes are resolved, color profiles are ignored. The format is detected by the first
 * bytes, not by the name. See docs/input-images.md.
 */
public final class ImageFile {
    private ImageFile() {}

    /** Loads the native decoder, which otherwise happens when the first image is read. */
    public static void loadDecoder() {
        OpenCv.load();
    }

    /** Returns true if the name has the extension of an image format that is read. */
    public static boolean isImage(Path file) {
        return ImageFormats.isImage(file);
    }

    /**
     * Reads an image of at most {@link ImageFormats#DEFAULT_PIXEL_LIMIT} pixels.
     *
     * @param channels 1 or 3
     * @return [H, W, channels], bytes
     * @throws ConfigError if the file does not exist, is a directory, not an image, corrupt, not supported or too large
     * @throws RunException if there is not enough memory to decode it
     */
    public static Image read(Path file, int channels) {
        return read(file, channels, ImageFormats.DEFAULT_PIXEL_LIMIT);
    }

    /** Reads an image of at most {@code maxPixels} pixels. */
    public static Image read(Path file, int channels, long maxPixels) {
        try {
            return read(bytes(file), file.toString(), channels, maxPixels);
        } catch (OutOfMemoryError e) {
            throw outOfMemory(file.toString(), e);
        }
    }

    /**
     * Decodes an image file in memory.
     *
     * @param bytes of the file
     * @param file name for messages
     */
    public static Image read(byte[] bytes, String file, int channels) {
        return read(bytes, file, channels, ImageFormats.DEFAULT_PIXEL_LIMIT);
    }

    /** Decodes an image file in memory of at most {@code maxPixels} pixels. */
    public static Image read(byte[] bytes, String file, int channels, long maxPixels) {
        Checks.check(channels == 1 || channels == 3, "channels", channels, "must be 1 or 3");
        try {
            return Image.of(ImageDecoder.decode(bytes, maxPixels).withChannels(channels));
        } catch (ImageFormatException e) {
            throw new ConfigError(file + ": " + e.getMessage(), e);
        } catch (OutOfMemoryError e) {
            throw outOfMemory(file, e);
        }
    }

    private static RunException outOfMemory(String file, OutOfMemoryError e) {
        long heap = Runtime.getRuntime().maxMemory() >> 20;
        return new RunException(
                file + ": not enough memory to decode it (the Java heap is limited to " + heap
                        + " MB); raise the limit with VIT4J_JAVA_OPTS=" + MemoryLimit.largerHeap()
                        + ", or lower train.workers or --workers",
                e);
    }

    /** Converts to an RGB image of Java, for display and PNG files; values are rounded and clipped to 0..255. */
    public static BufferedImage toBufferedImage(Image image) {
        var buffered = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                int rgb = 0;
                for (int c = 0; c < 3; c++) {
                    float value = image.at(y, x, Math.min(c, image.channels() - 1));
                    rgb = rgb << 8 | Math.round(Math.max(0, Math.min(255, value)));
                }
                buffered.setRGB(x, y, rgb);
            }
        }
        return buffered;
    }

    private static byte[] bytes(Path file) {
        if (Files.isDirectory(file)) throw new ConfigError(file + ": is a directory; expected an image");
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            // Java reads bytes of a name that are not UTF-8 as this character, and finds no such file.
            boolean undecoded = file.toString().indexOf('\uFFFD') >= 0;
            throw new ConfigError(
                    file + ": does not exist" + (undecoded ? "; if its name is not valid UTF-8, rename it" : ""), e);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }
}
