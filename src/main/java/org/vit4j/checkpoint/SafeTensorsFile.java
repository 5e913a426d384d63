package org.vit4j.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.Uninterrupted;

/**
 * Reader of one {@code .safetensors} file: eight bytes of header length, a JSON header, raw little-endian data.
 *
 * <p>Source: huggingface/safetensors, {@code README.md} (format). As specified there, arrays must cover the data
 * without gaps or overlaps, and names must be unique.
 */
final class SafeTensorsFile implements StateDict {
    /** A model of 1000 arrays needs about 100 kB; the limit of the reference implementation is 100 MB. */
    private static final long MAX_HEADER = 16 << 20;

    private static final int CHUNK = 1 << 20;
    /** Larger than the rank of any weight. */
    private static final int MAX_RANK = 16;

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(8).build())
            .build();

    private final Path file;
    private final FileChannel channel;
    private final Map<String, ByteRange> ranges;
    private final Map<String, StateEntry> entries = new LinkedHashMap<>();

    /** Byte range of an array; offsets are from the beginning of the file. */
    private record ByteRange(StateEntry entry, long from, long to) {}

    private SafeTensorsFile(Path file, FileChannel channel, Map<String, ByteRange> ranges) {
        this.file = file;
        this.channel = channel;
        this.ranges = ranges;
        ranges.forEach((name, range) -> entries.put(name, range.entry));
    }

    static SafeTensorsFile open(Path file) {
        if (!Files.isRegularFile(file))
            throw new ConfigError(file + ": no such file; expected a .safetensors checkpoint");
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file);
            return new SafeTensorsFile(file, channel, ranges(file, channel));
        } catch (JsonProcessingException e) {
            close(channel);
            throw new ConfigError(file + ": not a safetensors file: invalid header: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            close(channel);
            throw new ConfigError(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        } catch (ConfigError e) {
            close(channel);
            throw e;
        }
    }

    private static Map<String, ByteRange> ranges(Path file, FileChannel channel) throws IOException {
        long size = Files.size(file);
        if (size < 8) throw new ConfigError(file + ": not a safetensors file: only " + size + " bytes");
        ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        fill(channel, length, 0);
        long header = length.getLong(0);
        if (header < 2 || header > size - 8) {
            throw new ConfigError(file + ": not a safetensors file: header length " + Long.toUnsignedString(header)
                    + " exceeds the file size " + size);
        }
        if (header > MAX_HEADER) {
            throw new ConfigError(file + ": header of " + header + " bytes; the limit is " + MAX_HEADER);
        }
        ByteBuffer json = ByteBuffer.allocate((int) header);
        fill(channel, json, 8);
        Map<String, ByteRange> ranges = new LinkedHashMap<>();
        try (JsonParser parser = JSON.createParser(json.array())) {
            expect(parser, parser.nextToken(), JsonToken.START_OBJECT, file, "the header");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                expect(parser, parser.nextToken(), JsonToken.START_OBJECT, file, name);
                if (name.equals("__metadata__")) parser.skipChildren();
                else ranges.put(name, byteRange(parser, file, name, 8 + header));
            }
            if (parser.nextToken() != null) throw new ConfigError(file + ": unexpected text after the JSON header");
        }
        check(file, ranges, 8 + header, size);
        return ranges;
    }

    private static ByteRange byteRange(JsonParser parser, Path file, String name, long data) throws IOException {
        String type = "";
        List<Long> shape = null;
        List<Long> offsets = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            parser.nextToken();
            switch (key) {
                case "dtype" -> type = parser.getText();
                case "shape" -> shape = numbers(parser, file, name);
                case "data_offsets" -> offsets = numbers(parser, file, name);
                default -> throw new ConfigError(file + ": " + name + ": unknown key '" + key + "' in the header");
            }
        }
        if (shape == null || offsets == null || offsets.size() != 2) {
            throw new ConfigError(file + ": " + name + ": expected dtype, shape and two data_offsets");
        }
        StateEntry entry = new StateEntry(type(file, name, type), ints(file, name, shape));
        long from = offsets.get(0);
        long to = offsets.get(1);
        if (to - from != bytes(file, name, entry)) {
            throw new ConfigError(file + ": " + name + ": bytes " + from + " to " + to + " do not match shape "
                    + entry.shape() + " of type " + type);
        }
        return new ByteRange(entry, Math.addExact(data, from), Math.addExact(data, to));
    }

    private static List<Long> numbers(JsonParser parser, Path file, String name) throws IOException {
        expect(parser, parser.currentToken(), JsonToken.START_ARRAY, file, name);
        List<Long> numbers = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(parser, parser.currentToken(), JsonToken.VALUE_NUMBER_INT, file, name);
            long number = parser.getLongValue(); // throws a JSON exception beyond 64 bits
            if (number < 0 || number > Long.MAX_VALUE / 2 || numbers.size() == MAX_RANK) {
                throw new ConfigError(file + ": " + name + ": number out of range in the header");
            }
            numbers.add(number);
        }
        return numbers;
    }

    private static void expect(JsonParser parser, JsonToken found, JsonToken expected, Path file, String what)
            throws IOException {
        if (found == expected) return;
        String shown = found == null ? "nothing" : parser.getText();
        if (shown.length() > 20) shown = shown.substring(0, 20) + "...";
        throw new ConfigError(file + ": not a safetensors file: " + what + ": unexpected " + shown + " in the header");
    }

    private static DType type(Path file, String name, String type) {
        for (DType known : DType.values()) if (known.name().equals(type)) return known;
        throw new ConfigError(file + ": " + name + ": unsupported type '" + type + "'; expected one of "
                + Arrays.toString(DType.values()));
    }

    private static List<Integer> ints(Path file, String name, List<Long> shape) {
        if (shape.stream().anyMatch(dim -> dim > Integer.MAX_VALUE)) {
            throw new ConfigError(file + ": " + name + ": " + shape + " has an axis longer than 2^31");
        }
        return shape.stream().map(Long::intValue).toList();
    }

    private static long bytes(Path file, String name, StateEntry entry) {
        try {
            return Math.multiplyExact(entry.size(), entry.type().width());
        } catch (ArithmeticException e) {
            throw new ConfigError(file + ": " + name + ": " + entry.shape() + " is too large", e);
        }
    }

    /** Checks that the arrays cover the data without gaps and overlaps. */
    private static void check(Path file, Map<String, ByteRange> ranges, long data, long size) {
        List<Map.Entry<String, ByteRange>> order = new ArrayList<>(ranges.entrySet());
        order.sort(Comparator.<Map.Entry<String, ByteRange>>comparingLong(e -> e.getValue().from)
                .thenComparingLong(e -> e.getValue().to));
        long at = data;
        for (Map.Entry<String, ByteRange> entry : order) {
            ByteRange range = entry.getValue();
            if (range.from != at) {
                throw new ConfigError(file + ": " + entry.getKey() + ": begins at byte " + (range.from - data)
                        + " of the data, the previous array ends at " + (at - data)
                        + (range.from < at ? "; they overlap" : "; there is a gap"));
            }
            at = range.to;
        }
        if (at != size) {
            throw new ConfigError(file + ": its arrays end at byte " + at + ", the file at " + size
                    + (at > size ? "; it is truncated" : "; unexpected data after them"));
        }
    }

    @Override
    public String label() {
        return file.toString();
    }

    @Override
    public Map<String, StateEntry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    @Override
    public float[] values(String name) {
        ByteRange range = ranges.get(name);
        if (range == null) throw new IllegalArgumentException(file + ": no array '" + name + "'");
        long size = range.entry.size();
        if (size > Integer.MAX_VALUE - 8) throw new ConfigError(file + ": " + name + ": more than 2^31 values");
        DType type = range.entry.type();
        float[] values = new float[(int) size];
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, range.to - range.from))
                .order(ByteOrder.LITTLE_ENDIAN);
        try {
            long at = range.from;
            for (int i = 0; i < values.length; ) {
                chunk.clear().limit((int) Math.min(chunk.capacity(), range.to - at));
                fill(channel, chunk, at);
                at += chunk.limit();
                chunk.flip();
                while (chunk.hasRemaining()) values[i++] = type.next(chunk);
            }
        } catch (IOException e) {
            throw new ConfigError(file + ": " + name + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
        return values;
    }

    /** Fills the buffer from file position {@code at}. */
    private static void fill(FileChannel channel, ByteBuffer buffer, long at) throws IOException {
        while (buffer.hasRemaining()) {
            long position = at;
            int count = Uninterrupted.run(() -> channel.read(buffer, position));
            if (count < 0) throw new IOException("file is truncated");
            at += count;
        }
    }

    @Override
    public void close() {
        close(channel);
    }

    private static void close(FileChannel channel) {
        try {
            if (channel != null) channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
