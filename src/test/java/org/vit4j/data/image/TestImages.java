package org.vit4j.data.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Small images for tests, and their files. */
public final class TestImages {
    private TestImages() {}

    /** [H, W, C] with many different values. */
    public static Image ramp(int height, int width, int channels) {
        float[] pixels = new float[height * width * channels];
        for (int i = 0; i < pixels.length; i++) pixels[i] = (i * 37 + 11) % 256;
        return new Image(height, width, channels, pixels);
    }

    public static Image flat(int height, int width, int channels, float value) {
        float[] pixels = new float[height * width * channels];
        java.util.Arrays.fill(pixels, value);
        return new Image(height, width, channels, pixels);
    }

    public static BufferedImage rgb(Image image) {
        var buffered = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                int red = (int) image.at(y, x, 0);
                int green = (int) image.at(y, x, 1 % image.channels());
                int blue = (int) image.at(y, x, 2 % image.channels());
                buffered.setRGB(x, y, red << 16 | green << 8 | blue);
            }
        }
        return buffered;
    }

    public static byte[] encode(BufferedImage buffered, String format) {
        try {
            var out = new ByteArrayOutputStream();
            if (!ImageIO.write(buffered, format, out)) throw new AssertionError("no writer of " + format);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Path write(Path file, byte[] bytes) {
        try {
            if (file.getParent() != null) Files.createDirectories(file.getParent());
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Path png(Path file, Image image) {
        return write(file, encode(rgb(image), "png"));
    }
}
