package org.vit4j.weights;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

    private SafeTensors() {}

    /** A tensor of a checkpoint, values row by row. */
    public record Array(int[] shape, float[] values) {}

    /**
     * Every array of a file, as float32; whole numbers (counters, index tables) are read as floats too.
     *
     * @throws ConfigError when the file is missing, truncated or not of the format
     */
    public static Map<String, Array> read(Path file) {
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            Map<String, Array> arrays = new LinkedHashMap<>();
            open.entries().forEach((name, entry) -> {
                int[] shape = entry.shape().stream().mapToInt(Integer::intValue).toArray();
                arrays.put(name, new Array(shape, open.values(name)));
            });
            return arrays;
        }
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
