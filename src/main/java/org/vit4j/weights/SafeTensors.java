package org.vit4j.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.vit4j.config.ConfigError;

/**
 * The safetensors format: eight bytes of header length, a JSON header, raw little-endian data.
 *
 * <p>Source: huggingface/safetensors, {@code README.md} (format). Nothing in such a file can be executed.
 */
public final class SafeTensors {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** The reference implementation's own limit. */
    private static final long LARGEST_HEADER = 100_000_000;

    private SafeTensors() {}

    /** A tensor of a checkpoint, values row by row. */
    public record Array(int[] shape, float[] values) {}

    /**
     * Every floating tensor of a file, as float32; whole numbers (counters, index tables) are read as floats too.
     *
     * @throws ConfigError when the file is missing, truncated or not of the format
     */
    public static Map<String, Array> read(Path file) {
        if (!Files.isRegularFile(file))
            throw new ConfigError(file + ": no such file; expected a .safetensors checkpoint");
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer length = part(channel, file, 0, 8);
            long header = length.getLong();
            if (header < 2 || header > Math.min(LARGEST_HEADER, channel.size() - 8)) {
                throw new ConfigError(file + ": not a safetensors file: its header claims " + header + " bytes");
            }
            JsonNode entries = JSON.readTree(bytes(part(channel, file, 8, header)));
            Map<String, Array> arrays = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : entries.properties()) {
                if (!entry.getKey().equals("__metadata__")) {
                    arrays.put(entry.getKey(), array(channel, file, 8 + header, entry.getKey(), entry.getValue()));
                }
            }
            return arrays;
        } catch (JsonProcessingException e) {
            throw new ConfigError(file + ": not a safetensors file: its header is no JSON", e);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static Array array(FileChannel channel, Path file, long data, String name, JsonNode entry)
            throws IOException {
        String type = entry.path("dtype").asText();
        int[] shape = JSON.convertValue(entry.path("shape"), int[].class);
        long from = entry.path("data_offsets").path(0).asLong(-1);
        long to = entry.path("data_offsets").path(1).asLong(-1);
        long count = 1;
        for (int dim : shape) count = Math.multiplyExact(count, dim);
        int width = width(file, name, type);
        if (from < 0 || to - from != count * width || data + to > channel.size()) {
            throw new ConfigError(file + ": " + name + ": bytes " + from + " to " + to + " do not hold " + count + " "
                    + type + " values; the file is truncated or damaged");
        }
        return new Array(shape, floats(part(channel, file, data + from, to - from), type, (int) count));
    }

    private static int width(Path file, String name, String type) {
        return switch (type) {
            case "F64", "I64" -> 8;
            case "F32", "I32" -> 4;
            case "F16", "BF16" -> 2;
            default -> throw new ConfigError(file + ": " + name + ": values of type " + type + " are not supported");
        };
    }

    private static float[] floats(ByteBuffer bytes, String type, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = switch (type) {
                case "F64" -> (float) bytes.getDouble();
                case "I64" -> bytes.getLong();
                case "I32" -> bytes.getInt();
                case "BF16" -> Float.intBitsToFloat(bytes.getShort() << 16);
                case "F16" -> half(bytes.getShort());
                default -> bytes.getFloat();
            };
        }
        return values;
    }

    private static float half(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = (bits >> 10) & 0x1f;
        int fraction = bits & 0x3ff;
        if (exponent == 0) return Math.copySign(fraction * 0x1p-24f, Float.intBitsToFloat(sign | 0x3f800000));
        if (exponent == 31) return Float.intBitsToFloat(sign | 0x7f800000 | (fraction << 13));
        return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (fraction << 13));
    }

    private static ByteBuffer part(FileChannel channel, Path file, long from, long length) throws IOException {
        if (from + length > channel.size()) throw new ConfigError(file + ": not a safetensors file: it ends too early");
        ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, from, length);
        return bytes.order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    /** A tensor to write; its values are asked for when their turn comes. */
    public record Source(String name, int[] shape, Supplier<float[]> values) {
        long size() {
            long size = 1;
            for (int dim : shape) size *= dim;
            return size;
        }
    }

    /** Writes float32 tensors, in the given order. The file must not exist yet or may be overwritten. */
    public static void write(Path file, List<Source> sources, Map<String, String> metadata) throws IOException {
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) header.put("__metadata__", metadata);
        long at = 0;
        for (Source source : sources) {
            long end = at + 4 * source.size();
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", "F32");
            entry.put("shape", source.shape);
            entry.put("data_offsets", new long[] {at, end});
            header.put(source.name, entry);
            at = end;
        }
        byte[] json = JSON.writeValueAsBytes(header);
        byte[] head = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
        Arrays.fill(head, json.length, head.length, (byte) ' ');
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            out.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0, head.length)
                    .array());
            out.write(head);
            for (Source source : sources) {
                float[] values = source.values.get();
                if (values.length != source.size()) throw new IllegalStateException(source.name + " changed its size");
                ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(values);
                out.write(bytes.array());
            }
        }
    }
}
