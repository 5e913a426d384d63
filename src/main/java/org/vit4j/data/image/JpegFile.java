package org.vit4j.data.image;

import java.io.ByteArrayOutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** Segments of a JPEG file up to the end of its first image. Later images, as in MPO files, are ignored. */
final class JpegFile {
    private static final String EXIF = "Exif\0\0";
    private static final String XMP = "http://ns.adobe.com/xap/1.0/\0";

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] file;
    private final ByteArrayOutputStream tables = new ByteArrayOutputStream();
    private final ByteArrayOutputStream exif = new ByteArrayOutputStream();
    private Optional<byte[]> xmp = Optional.empty();
    private int width;
    private int height;
    private byte[] componentIds = {};
    private int process;
    private int precision;
    private boolean jfif;
    private int adobeTransform = -1;
    private int scan = -1;
    private int end = -1;

    private JpegFile(byte[] file) {
        this.file = file;
    }

    /** Reads the header and finds the end of the image. */
    static JpegFile read(byte[] file) throws ImageFormatException {
        JpegFile jpeg = new JpegFile(file);
        jpeg.readHeader();
        return jpeg;
    }

    private void readHeader() throws ImageFormatException {
        int at = 2;
        while (scan < 0) {
            while (at < file.length && (file[at] & 0xFF) != 0xFF) at++; // stray bytes between segments
            while (at < file.length && (file[at] & 0xFF) == 0xFF) at++;
            if (at + 2 >= file.length) throw ImageFormatException.corrupt("the JPEG header ends early");
            int marker = file[at++] & 0xFF;
            boolean withoutLength = marker <= 1 || (marker >= 0xD0 && marker <= 0xD8);
            if (withoutLength) continue;
            if (marker == 0xD9) throw ImageFormatException.corrupt("the image data is missing");
            if (marker == 0xDA) {
                scan = at - 2;
                break;
            }
            int length = (file[at] & 0xFF) << 8 | (file[at + 1] & 0xFF);
            if (length < 2 || at + length > file.length) throw ImageFormatException.corrupt("a segment ends early");
            segment(marker, at + 2, at + length);
            at += length;
        }
        if (width == 0 || height == 0) throw ImageFormatException.corrupt("the size is missing");
    }

    private void segment(int marker, int from, int to) {
        if (marker == 0xE0) jfif |= to - from >= 12 && starts(from, "JFIF\0");
        else if (marker == 0xEE && to - from >= 12 && starts(from, "Adobe")) adobeTransform = file[from + 11] & 0xFF;
        else if (marker == 0xE1) metadata(from, to);
        else if (marker < 0xE0 || (marker > 0xEF && marker != 0xFE)) {
            if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
                frame(marker, from);
            }
            tables.write(0xFF);
            tables.write(marker);
            tables.write(file, from - 2, to - from + 2);
        }
    }

    private void metadata(int from, int to) {
        // Exif data of more than 64 KB is split into several segments.
        if (starts(from, EXIF))
            exif.write(file, exif.size() == 0 ? from : from + 6, to - (exif.size() == 0 ? from : from + 6));
        else if (starts(from, XMP)) xmp = Optional.of(Arrays.copyOfRange(file, from + XMP.length(), to));
    }

    private void frame(int marker, int from) {
        process = marker;
        precision = file[from];
        height = (file[from + 1] & 0xFF) << 8 | (file[from + 2] & 0xFF);
        width = (file[from + 3] & 0xFF) << 8 | (file[from + 4] & 0xFF);
        componentIds = new byte[file[from + 5]];
        for (int i = 0; i < componentIds.length; i++) componentIds[i] = file[from + 6 + 3 * i];
    }

    private boolean starts(int from, String text) {
        byte[] expected = text.getBytes(StandardCharsets.ISO_8859_1);
        return from + expected.length <= file.length
                && Arrays.equals(file, from, from + expected.length, expected, 0, expected.length);
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    int components() {
        return componentIds.length;
    }

    int precision() {
        return precision;
    }

    /** Returns false for lossless and arithmetic-coded JPEG, which common decoders do not support. */
    boolean isHuffmanCodedDct() {
        return process >= 0xC0 && process <= 0xC2;
    }

    /** Data of all EXIF segments, beginning with "Exif"; empty if there is none. */
    byte[] exif() {
        return exif.toByteArray();
    }

    Optional<byte[]> xmp() {
        return xmp;
    }

    /** Returns true if the components are YCbCr or YCCK, by the rules of libjpeg. */
    boolean isLumaChroma() {
        if (components() == 4) return adobeTransform > 0;
        if (components() != 3) return false;
        if (jfif) return true;
        if (adobeTransform >= 0) return adobeTransform != 0;
        return !Arrays.equals(componentIds, new byte[] {'R', 'G', 'B'});
    }

    /** Header without metadata and color profile, for decoding without color conversion. */
    byte[] headerForComponents() {
        return header(0);
    }

    /** Header without metadata and color profile, for decoding to RGB. */
    byte[] headerForColors() {
        return header(isLumaChroma() ? 1 : 0);
    }

    /** Writes an Adobe marker as the only statement of the color space, so that all decoders use the same one. */
    private byte[] header(int transform) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0xFF, (byte) 0xD8});
        if (components() >= 3) {
            out.writeBytes(new byte[] {(byte) 0xFF, (byte) 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0});
            out.write(transform);
        }
        out.writeBytes(tables.toByteArray());
        return out.toByteArray();
    }

    /** Copies the scans with the end marker. */
    byte[] scans() throws ImageFormatException {
        return Arrays.copyOfRange(file, scan, end());
    }

    /** Position of the first scan in the file. */
    int scanStart() {
        return scan;
    }

    /** Position after the end marker; after the last one if the file ends with a marker, since decoders stop at the first. */
    int end() throws ImageFormatException {
        if (end < 0) end = findEnd();
        return end;
    }

    private int findEnd() throws ImageFormatException {
        int last = file.length - 2;
        if (last >= scan && file[last] == (byte) 0xFF && file[last + 1] == (byte) 0xD9) return file.length;
        for (int at = markerByte(scan); at + 1 < file.length; at = markerByte(at + 1)) {
            int marker = file[at + 1] & 0xFF;
            if (marker == 0xD9) return at + 2;
            boolean segment = marker > 0 && marker < 0xFF && (marker < 0xD0 || marker > 0xD8) && marker != 1;
            if (segment && at + 3 < file.length) at += 1 + ((file[at + 2] & 0xFF) << 8 | (file[at + 3] & 0xFF));
        }
        throw ImageFormatException.corrupt("the image data ends early");
    }

    /** Position of the next byte 0xFF, or the length of the file. Reads eight bytes at once. */
    private int markerByte(int from) {
        int at = from;
        for (; at + 8 <= file.length; at += 8) {
            long inverted = ~(long) LONGS.get(file, at);
            if (((inverted - 0x0101010101010101L) & ~inverted & 0x8080808080808080L) != 0) break; // has a zero byte
        }
        while (at < file.length && file[at] != (byte) 0xFF) at++;
        return at;
    }
}
