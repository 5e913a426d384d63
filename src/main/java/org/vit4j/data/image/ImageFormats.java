package org.vit4j.data.image;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Detects image formats by file name and by content. No other class decides which files are images. */
public final class ImageFormats {
    /** Default limit of pixels: twice Pillow's {@code MAX_IMAGE_PIXELS}, above which Pillow raises an error. */
    public static final long DEFAULT_PIXEL_LIMIT = 178_956_970;

    /** Maximum number of pixels with three bytes each in one Java array. */
    public static final long LARGEST_PIXEL_LIMIT = (Integer.MAX_VALUE - 8) / 3;

    private ImageFormats() {}

    /** Returns true if the name has the extension of a supported format, in upper or lower case. */
    public static boolean isImage(Path file) {
        return isImage(String.valueOf(file.getFileName()));
    }

    /** Returns true if the name, with or without directories, has the extension of a supported format. */
    public static boolean isImage(String name) {
        return extensions().contains(extension(name));
    }

    /** All extensions of images in lower case, without the dot. */
    public static List<String> extensions() {
        return Arrays.stream(ImageFormat.values())
                .flatMap(format -> format.extensions().stream())
                .toList();
    }

    /** "PNG, JPEG, ... or PNM", for messages. */
    public static String titles() {
        List<String> all =
                Arrays.stream(ImageFormat.values()).map(ImageFormat::title).toList();
        return String.join(", ", all.subList(0, all.size() - 1)) + " or " + all.get(all.size() - 1);
    }

    /** Detects the format by the first bytes, since file names can be wrong. */
    public static Optional<ImageFormat> detect(byte[] file) {
        if (starts(file, 0, "\u0089PNG\r\n\u001a\n")) return Optional.of(ImageFormat.PNG);
        if (starts(file, 0, "\u00ff\u00d8\u00ff")) return Optional.of(ImageFormat.JPEG);
        if (starts(file, 0, "GIF87a") || starts(file, 0, "GIF89a")) return Optional.of(ImageFormat.GIF);
        if (starts(file, 0, "BM")) return Optional.of(ImageFormat.BMP);
        if (starts(file, 0, "RIFF") && starts(file, 8, "WEBP")) return Optional.of(ImageFormat.WEBP);
        for (String magic : List.of("II*\0", "MM\0*", "II+\0", "MM\0+")) {
            if (starts(file, 0, magic)) return Optional.of(ImageFormat.TIFF);
        }
        boolean pnm = file.length > 2 && file[0] == 'P' && file[1] >= '1' && file[1] <= '6';
        return pnm && PnmDecoder.isSeparator(file[2]) ? Optional.of(ImageFormat.PNM) : Optional.empty();
    }

    private static String extension(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
    }

    private static boolean starts(byte[] bytes, int at, String magic) {
        byte[] expected = magic.getBytes(StandardCharsets.ISO_8859_1);
        return bytes.length >= at + expected.length
                && Arrays.equals(bytes, at, at + expected.length, expected, 0, expected.length);
    }
}
