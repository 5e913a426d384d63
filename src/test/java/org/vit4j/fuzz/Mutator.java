package org.vit4j.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Corrupts valid files: anywhere, or within the entries of an archive, with checksums recomputed. */
final class Mutator {
    private static final long[] EXTREME_VALUES = {
        0,
        1,
        -1,
        2,
        7,
        255,
        256,
        65535,
        1L << 16,
        1L << 31,
        (1L << 31) - 1,
        1L << 32,
        1L << 40,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };
    private static final String[] NUMBERS = {
        "0",
        "-1",
        "3",
        "1e9",
        "2147483647",
        "2147483648",
        "4294967297",
        "9223372036854775807",
        "99999999999999999999",
        "0.5"
    };
    private static final String[] WORDS = {
        "F32",
        "F64",
        "BF16",
        "I8",
        "F99",
        "<f8",
        "float64",
        "null",
        "true",
        "[]",
        "{}",
        "\"",
        "\\u0000",
        "../../evil",
        "&a [*a]"
    };
    /** An absolute path that no reader may write to. */
    static final String OUTSIDE = "/vit4j-evil";

    private static final String[] NAMES = {
        "../evil", OUTSIDE, "a/../../evil", "C:\\evil", "model.weights.h5", "", "\u0000"
    };
    /** Entry size above all limits of the readers. */
    private static final int BOMB = 80 << 20;

    private final SplittableRandom random;

    Mutator(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /** Applies one to three changes. */
    byte[] mutate(byte[] valid) {
        byte[] bytes = valid;
        for (int i = random.nextInt(3); i >= 0; i--) bytes = once(bytes);
        return bytes;
    }

    private byte[] once(byte[] bytes) {
        if (bytes.length < 2) return new byte[random.nextInt(20)];
        int at = random.nextInt(bytes.length);
        int length = Math.min(1 + random.nextInt(1 << random.nextInt(1, 12)), bytes.length - at);
        return switch (random.nextInt(8)) {
            case 0 -> Arrays.copyOf(bytes, at);
            case 1 -> flipped(bytes);
            case 2 -> extremeValue(bytes, at);
            case 3 -> replaced(bytes, at, at + length, new byte[0]);
            case 4 -> replaced(bytes, at, at, Arrays.copyOfRange(bytes, at, at + length));
            case 5 -> number(bytes, at);
            case 6 -> word(bytes, at);
            default -> noise(bytes, at, length);
        };
    }

    private byte[] flipped(byte[] bytes) {
        byte[] result = bytes.clone();
        // Half of the time, change only the first 4 KB, which hold headers.
        int bound = random.nextBoolean() ? result.length : Math.min(result.length, 4096);
        for (int i = random.nextInt(8); i >= 0; i--) result[random.nextInt(bound)] ^= (byte) (1 << random.nextInt(8));
        return result;
    }

    private byte[] extremeValue(byte[] bytes, int anywhere) {
        if (bytes.length < 8) return bytes;
        byte[] result = bytes.clone();
        int at = random.nextInt(4) == 0 ? 0 : Math.min(anywhere, bytes.length - 8);
        ByteBuffer buffer = ByteBuffer.wrap(result).order(ByteOrder.LITTLE_ENDIAN);
        long value = EXTREME_VALUES[random.nextInt(EXTREME_VALUES.length)];
        if (random.nextBoolean()) buffer.putLong(at, value);
        else buffer.putInt(at, (int) value);
        return result;
    }

    private byte[] noise(byte[] bytes, int at, int length) {
        byte[] result = bytes.clone();
        for (int i = at; i < at + length; i++) result[i] = (byte) random.nextInt(256);
        return result;
    }

    /** Replaces the next run of digits by another number. */
    private byte[] number(byte[] bytes, int from) {
        int start = from;
        while (start < bytes.length && !digit(bytes[start])) start++;
        int end = start;
        while (end < bytes.length && digit(bytes[end])) end++;
        if (start == end) return extremeValue(bytes, from);
        return replaced(bytes, start, end, ascii(NUMBERS[random.nextInt(NUMBERS.length)]));
    }

    private static boolean digit(byte b) {
        return b >= '0' && b <= '9';
    }

    private byte[] word(byte[] bytes, int at) {
        int end = Math.min(bytes.length, at + random.nextInt(5));
        return replaced(bytes, at, end, ascii(WORDS[random.nextInt(WORDS.length)]));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] replaced(byte[] bytes, int from, int to, byte[] by) {
        byte[] result = Arrays.copyOf(bytes, from + by.length + bytes.length - to);
        System.arraycopy(by, 0, result, from, by.length);
        System.arraycopy(bytes, to, result, from + by.length, bytes.length - to);
        return result;
    }

    private record Entry(String name, byte[] bytes) {}

    /** Corrupts the archive or one of its entries: mutates, renames, duplicates, removes or enlarges it. */
    byte[] mutateArchive(byte[] zip) {
        if (random.nextInt(4) == 0) return mutate(zip);
        try {
            List<Entry> entries = entries(zip);
            int at = random.nextInt(entries.size());
            Entry entry = entries.get(at);
            switch (random.nextInt(20)) {
                case 0 -> entries.set(at, new Entry(NAMES[random.nextInt(NAMES.length)], entry.bytes));
                case 1 -> entries.remove(at);
                case 2 -> entries.add(new Entry(NAMES[random.nextInt(NAMES.length)], mutate(entry.bytes)));
                case 3 -> entries.add(new Entry(placeholder(entry.name), mutate(entry.bytes)));
                case 4 -> entries.set(at, new Entry(entry.name, random.nextInt(8) == 0 ? new byte[BOMB] : new byte[9]));
                default -> entries.set(at, new Entry(entry.name, mutate(entry.bytes)));
            }
            return withDuplicates(zip(entries), entry.name);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Java rejects duplicate names on writing, so the duplicate gets a placeholder of equal length first. */
    private static String placeholder(String name) {
        return name.substring(0, name.length() - 1) + "\u007f";
    }

    private static byte[] withDuplicates(byte[] zip, String name) {
        byte[] marked = placeholder(name).getBytes(StandardCharsets.UTF_8);
        byte[] plain = name.getBytes(StandardCharsets.UTF_8);
        byte[] result = zip.clone();
        for (int i = 0; i + marked.length <= result.length; i++) {
            if (Arrays.equals(result, i, i + marked.length, marked, 0, marked.length)) {
                System.arraycopy(plain, 0, result, i, plain.length);
            }
        }
        return result;
    }

    /** Reads entries by the central directory, like the readers: PyTorch's zips cannot be streamed. */
    private static List<Entry> entries(byte[] zip) throws IOException {
        Path copy = Files.createTempFile("fuzz", ".zip");
        Files.write(copy, zip);
        List<Entry> entries = new ArrayList<>();
        try (ZipFile in = new ZipFile(copy.toFile())) {
            for (ZipEntry entry : in.stream().toList()) {
                entries.add(new Entry(entry.getName(), in.getInputStream(entry).readAllBytes()));
            }
        } finally {
            Files.delete(copy);
        }
        return entries;
    }

    private byte[] zip(List<Entry> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (Entry entry : entries) {
                ZipEntry header = new ZipEntry(entry.name);
                if (entry.bytes.length < BOMB && random.nextBoolean()) {
                    CRC32 crc = new CRC32();
                    crc.update(entry.bytes);
                    header.setMethod(ZipEntry.STORED);
                    header.setSize(entry.bytes.length);
                    header.setCrc(crc.getValue());
                }
                try {
                    out.putNextEntry(header);
                } catch (java.util.zip.ZipException e) {
                    continue; // duplicate name
                }
                out.write(entry.bytes);
                out.closeEntry();
            }
        }
        return bytes.toByteArray();
    }
}
