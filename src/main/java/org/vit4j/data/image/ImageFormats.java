package org.vit4j.data.image;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Image formats by file name and by content. The only place that knows which files are images. */
public final class ImageFormats {
    /** Twice Pillow's {@code MAX_IMAGE_PIXELS}, where Pillow refuses too. */
    public static final long DEFAULT_PIXEL_LIMIT = 178_956_970;

    /** Three bytes a pixel in one Java array. */
    public static final long LARGEST_PIXEL_LIMIT = (Integer.MAX_VALUE - 8) / 3;

    private ImageFormats() {}

    /** Returns true if the name has the extension of a format that is read, in either case. */
    public static boolean isImage(Path file) {
        return isImage(String.valueOf(file.getFileName()));
    }

    /** Returns true if the name, with or without directories, has the extension of a format that is read. */
    public static boolean isImage(String name) {
        return extensions().contains(extension(name));
    }

    /** All extensions of images, lower case, without the dot. */
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

    /** The format by the first bytes; names can be wrong. */
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

    /**
     * Describes files that were left out because their type is unknown: "12 files of unknown type skipped: .heic 10,
     * .avif 2".
     *
     * @return empty if there are none
     */
    public static Optional<String> describeSkipped(Collection<Path> files) {
        if (files.isEmpty()) return Optional.empty();
        Map<String, Long> counts = files.stream()
                .map(file -> extension(String.valueOf(file.getFileName())))
                .map(extension -> extension.isEmpty() ? "no extension" : "." + extension)
                .collect(Collectors.groupingBy(extension -> extension, TreeMap::new, Collectors.counting()));
        String list = counts.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
        return Optional.of(
                files.size() + (files.size() == 1 ? " file" : " files") + " of unknown type skipped: " + list);
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
