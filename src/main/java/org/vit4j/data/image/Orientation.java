package org.vit4j.data.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.InflaterInputStream;

/**
 * EXIF orientation (TIFF 6.0, tag 274): 1 is upright, 2 to 8 are flipped or rotated. As Pillow's {@code
 * ImageOps.exif_transpose}: read from EXIF, or from XMP if EXIF has none. Corrupt metadata are ignored.
 */
final class Orientation {
    static final int TAG = 274;
    private static final int XMP_TAG = 700;

    /** Bytes of a text in a PNG file; Pillow has a limit too, since a small file can be decompressed to any size. */
    private static final int MAX_TEXT = 16 << 20;

    private static final Pattern XMP = Pattern.compile("tiff:Orientation(=\"|>)([0-9])");

    /** Metadata of a file: a TIFF structure, optionally preceded by "Exif", and XMP text. */
    private record Metadata(Optional<byte[]> exif, Optional<byte[]> xmp) {}

    private Orientation() {}

    /** Reads the orientation, 1..8. */
    static int of(byte[] file, ImageFormat format) {
        Metadata metadata;
        try {
            metadata = switch (format) {
                case JPEG -> jpeg(file);
                case PNG -> png(file);
                case WEBP -> webp(file);
                case TIFF -> new Metadata(Optional.of(file), new TiffTags(ByteBuffer.wrap(file)).bytes(XMP_TAG));
                case GIF, BMP, PNM -> new Metadata(Optional.empty(), Optional.empty());
            };
        } catch (ImageFormatException | RuntimeException e) {
            return 1;
        }
        int orientation = metadata.exif
                .flatMap(Orientation::exif)
                .or(() -> metadata.xmp.flatMap(Orientation::xmp))
                .orElse(1);
        return orientation >= 1 && orientation <= 8 ? orientation : 1;
    }

    private static Optional<Integer> exif(byte[] data) {
        try {
            int start = 0;
            while (new String(data, start, 6, StandardCharsets.ISO_8859_1).equals("Exif\0\0")) start += 6;
            ByteBuffer tiff = ByteBuffer.wrap(data, start, data.length - start).slice();
            return new TiffTags(tiff).integer(TAG).map(Long::intValue);
        } catch (ImageFormatException | RuntimeException e) {
            return Optional.empty();
        }
    }

    private static Optional<Integer> xmp(byte[] data) {
        Matcher match = XMP.matcher(new String(data, StandardCharsets.ISO_8859_1));
        return match.find() ? Optional.of(Integer.valueOf(match.group(2))) : Optional.empty();
    }

    private static Metadata jpeg(byte[] file) throws ImageFormatException {
        JpegFile jpeg = JpegFile.read(file);
        return new Metadata(Optional.of(jpeg.exif()).filter(exif -> exif.length > 0), jpeg.xmp());
    }

    private static Metadata png(byte[] file) {
        Optional<byte[]> exif = Optional.empty();
        Optional<byte[]> profile = Optional.empty();
        Optional<byte[]> xmp = Optional.empty();
        ByteBuffer chunks = ByteBuffer.wrap(file);
        for (int at = 8; at + 8 <= file.length; ) {
            int length = chunks.getInt(at);
            String type = new String(file, at + 4, 4, StandardCharsets.ISO_8859_1);
            if (length < 0 || at + 8L + length > file.length) break;
            byte[] data = type.equals("IDAT") ? new byte[0] : Arrays.copyOfRange(file, at + 8, at + 8 + length);
            switch (type) {
                case "eXIf" -> exif = Optional.of(data);
                case "iTXt", "tEXt", "zTXt" -> {
                    if (keyword(data).equals("XML:com.adobe.xmp")) xmp = text(data, type);
                    if (keyword(data).equals("Raw profile type exif"))
                        profile = text(data, type).flatMap(Orientation::rawProfile);
                }
                default -> {}
            }
            at += 12 + length;
        }
        return new Metadata(exif.isPresent() ? exif : profile, xmp);
    }

    private static String keyword(byte[] text) {
        String all = new String(text, 0, Math.min(80, text.length), StandardCharsets.ISO_8859_1);
        return all.contains("\0") ? all.substring(0, all.indexOf('\0')) : "";
    }

    /** The text of a chunk after its keyword; empty if it is corrupt, or longer than {@link #MAX_TEXT} when decompressed. */
    private static Optional<byte[]> text(byte[] data, String type) {
        int start = keyword(data).length() + 1;
        boolean compressed = type.equals("zTXt");
        if (type.equals("iTXt")) {
            compressed = start < data.length && data[start] == 1;
            start += 2; // flag and method
            for (int fields = 0; start < data.length && fields < 2; start++)
                if (data[start] == 0) fields++; // language, keyword
        } else if (compressed) {
            start++; // method
        }
        if (start > data.length) return Optional.empty();
        var from = new ByteArrayInputStream(data, start, data.length - start);
        try (InputStream in = compressed ? new InflaterInputStream(from) : from) {
            byte[] text = in.readNBytes(MAX_TEXT + 1);
            return Optional.of(text).filter(read -> read.length <= MAX_TEXT);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Reads EXIF as ImageMagick writes it: name, length, then lines of hexadecimal digits. */
    private static Optional<byte[]> rawProfile(byte[] text) {
        try {
            String[] lines = new String(text, StandardCharsets.ISO_8859_1).split("\n", 4);
            return Optional.of(HexFormat.of().parseHex(lines[3].replaceAll("\\s", "")));
        } catch (RuntimeException e) {
            return Optional.empty();
        }
    }

    private static Metadata webp(byte[] file) {
        Optional<byte[]> exif = Optional.empty();
        Optional<byte[]> xmp = Optional.empty();
        ByteBuffer riff = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 12; at + 8 <= file.length; ) {
            int length = riff.getInt(at + 4);
            if (length < 0 || at + 8L + length > file.length) break;
            String type = new String(file, at, 4, StandardCharsets.ISO_8859_1);
            if (type.equals("EXIF")) exif = Optional.of(Arrays.copyOfRange(file, at + 8, at + 8 + length));
            if (type.equals("XMP ")) xmp = Optional.of(Arrays.copyOfRange(file, at + 8, at + 8 + length));
            at += 8 + length + (length & 1);
        }
        return new Metadata(exif, xmp);
    }

    /** Rotates and flips the image upright: [H, W, C] -> [H, W, C], or [W, H, C] for 5..8. */
    static ByteImage apply(ByteImage image, int orientation) {
        if (orientation == 1) return image;
        int h = image.height();
        int w = image.width();
        int c = image.channels();
        boolean transposed = orientation >= 5;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBelow = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int down = fromBelow ? -w : w;
        int across = fromRight ? -1 : 1;
        int start = (fromBelow ? (h - 1) * w : 0) + (fromRight ? w - 1 : 0);
        int rows = transposed ? w : h;
        int columns = transposed ? h : w;
        byte[] in = image.pixels();
        byte[] out = PixelBuffers.bytes(in.length);
        for (int y = 0, to = 0; y < rows; y++) {
            int from = (start + y * (transposed ? across : down)) * c;
            int step = (transposed ? down : across) * c;
            for (int x = 0; x < columns; x++, from += step) for (int k = 0; k < c; k++) out[to++] = in[from + k];
        }
        return new ByteImage(rows, columns, c, out);
    }
}
