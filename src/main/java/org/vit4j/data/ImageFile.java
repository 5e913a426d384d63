package org.vit4j.data;

import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.vit4j.config.ConfigError;

/**
 * Reads PNG, JPEG, BMP and GIF (its first frame), told by their first bytes, not by the name. As Pillow's
 * {@code convert('RGB')} and {@code convert('L')}: alpha is dropped, a palette looked up, color profiles are ignored; of
 * 16 bits the upper 8 are kept. Then turned upright as EXIF says.
 */
public final class ImageFile {
    /** Twice Pillow's MAX_IMAGE_PIXELS, where it too refuses: a small file can claim to be of any size. */
    static final long MOST_PIXELS = 178_956_970;

    private ImageFile() {}

    /** Whether the name ends as those of pictures do, in either case. */
    public static boolean isImage(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return name.matches(".*\\.(png|jpg|jpeg|bmp|gif)");
    }

    /**
     * Reads a picture.
     *
     * @param channels 1 or 3
     * @return [H, W, channels], whole numbers 0..255
     * @throws ConfigError when it does not exist, is a directory, no picture, truncated, CMYK or absurdly large
     */
    public static Image read(Path file, int channels) {
        return read(bytes(file), file.toString(), channels);
    }

    /**
     * Reads a picture that somebody has fetched already.
     *
     * @param bytes of the whole file
     * @param file how it is named in messages
     */
    public static Image read(byte[] bytes, String file, int channels) {
        if (channels != 1 && channels != 3) throw new IllegalArgumentException("1 or 3 channels (" + channels + ")");
        String format = format(bytes)
                .orElseThrow(() ->
                        new ConfigError(file + ": is not a picture; expected PNG, JPEG, BMP or GIF" + empty(bytes)));
        BufferedImage picture = decode(file, bytes, format);
        Image upright = ExifOrientation.apply(pixels(picture), ExifOrientation.of(bytes));
        return upright.withChannels(channels);
    }

    /** For showing: what is not a whole number of 0..255 is rounded and clipped. */
    public static BufferedImage picture(Image image) {
        var picture = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                int rgb = 0;
                for (int c = 0; c < 3; c++) {
                    float value = image.at(y, x, Math.min(c, image.channels() - 1));
                    rgb = rgb << 8 | Math.round(Math.max(0, Math.min(255, value)));
                }
                picture.setRGB(x, y, rgb);
            }
        }
        return picture;
    }

    private static byte[] bytes(Path file) {
        if (Files.isDirectory(file)) throw new ConfigError(file + ": is a directory; expected a picture");
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new ConfigError(file + ": does not exist", e);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static String empty(byte[] bytes) {
        return bytes.length == 0 ? " (the file is empty)" : "";
    }

    private static Optional<String> format(byte[] b) {
        if (starts(b, 0x89, 'P', 'N', 'G')) return Optional.of("png");
        if (starts(b, 0xFF, 0xD8, 0xFF)) return Optional.of("jpeg");
        if (starts(b, 'G', 'I', 'F', '8')) return Optional.of("gif");
        return starts(b, 'B', 'M') ? Optional.of("bmp") : Optional.empty();
    }

    private static boolean starts(byte[] bytes, int... magic) {
        if (bytes.length < magic.length) return false;
        for (int i = 0; i < magic.length; i++) if ((bytes[i] & 0xFF) != magic[i]) return false;
        return true;
    }

    private static BufferedImage decode(String file, byte[] bytes, String format) {
        ImageReader reader = ImageIO.getImageReadersByFormatName(format).next();
        // Not ImageIO.read: its cache in a temporary file is a global switch.
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.setInput(in, true, true);
            long height = reader.getHeight(0);
            long width = reader.getWidth(0);
            if (height * width > MOST_PIXELS) {
                throw new ConfigError(file + ": is too large: " + height + "x" + width + " pixels; at most "
                        + MOST_PIXELS + " are decoded");
            }
            JpegTruncationListener truncation = new JpegTruncationListener();
            reader.addIIOReadWarningListener(truncation);
            BufferedImage picture = reader.read(0);
            // Depending on its markers the JDK refuses CMYK (below) or takes it for RGB with alpha, in wrong colors.
            if (format.equals("jpeg") && picture.getRaster().getNumBands() == 4) throw cmyk(file, null);
            if (truncation.seen()) throw new ConfigError(file + ": is truncated or corrupt: " + truncation.message());
            return picture;
        } catch (IIOException e) {
            if (String.valueOf(e.getMessage()).startsWith("Unsupported Image Type")) {
                throw cmyk(file, e);
            }
            throw corrupt(file, e);
        } catch (IOException | RuntimeException e) {
            if (e instanceof ConfigError known) throw known;
            // The decoders of the JDK answer broken files with all kinds of unchecked exceptions.
            throw corrupt(file, e);
        } finally {
            reader.dispose();
        }
    }

    private static ConfigError cmyk(String file, Exception cause) {
        return new ConfigError(file + ": is a CMYK JPEG; expected gray or RGB, convert it", cause);
    }

    private static ConfigError corrupt(String file, Exception e) {
        String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return new ConfigError(
                file + ": is truncated or corrupt: " + why.lines().findFirst().orElse(""), e);
    }

    /** [H, W, 1] when the file holds gray, else [H, W, 3]. */
    private static Image pixels(BufferedImage picture) {
        // getRGB would brighten gray pictures: Java takes their color space for linear.
        boolean plain = picture.getColorModel() instanceof ComponentColorModel;
        return plain ? samples(picture.getRaster()) : colors(picture);
    }

    private static Image samples(Raster raster) {
        int h = raster.getHeight();
        int w = raster.getWidth();
        int bands = raster.getNumBands();
        int channels = bands < 3 ? 1 : 3; // gray, gray + alpha, RGB, RGB + alpha
        float scale = raster.getDataBuffer().getDataType() == DataBuffer.TYPE_USHORT ? 256 : 1;
        float[] out = new float[h * w * channels];
        int[] row = new int[w * bands];
        for (int y = 0; y < h; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, w, 1, row);
            for (int x = 0; x < w; x++) {
                for (int c = 0; c < channels; c++) {
                    out[(y * w + x) * channels + c] = (float) Math.floor(row[x * bands + c] / scale);
                }
            }
        }
        return new Image(h, w, channels, out);
    }

    private static Image colors(BufferedImage picture) {
        int h = picture.getHeight();
        int w = picture.getWidth();
        float[] out = new float[h * w * 3];
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                int rgb = picture.getRGB(x, y);
                int at = (y * w + x) * 3;
                out[at] = rgb >> 16 & 0xFF;
                out[at + 1] = rgb >> 8 & 0xFF;
                out[at + 2] = rgb & 0xFF;
            }
        }
        return new Image(h, w, 3, out);
    }
}
