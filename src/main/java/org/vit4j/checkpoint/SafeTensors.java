package org.vit4j.checkpoint;

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
 * Reads and writes safetensors files: eight bytes of header length, a JSON header, raw little-endian data.
 *
 * <p>Source: huggingface/safetensors, {@code README.md} (format). The format contains no executable code.
 */
public final class SafeTensors {
    private static final ObjectMapper JSON = new ObjectMapper();

    private SafeTensors() {}

    /** Shape and values of a tensor, in C order. */
    public record NamedValues(int[] shape, float[] values) {}

    /**
     * Reads all arrays of a file as float32; integers (counters, index tables) are converted too.
     *
     * @throws ConfigError if the file is missing, truncated or not a safetensors file
     */
    public static Map<String, NamedValues> read(Path file) {
        try (SafeTensorsFile open = SafeTensorsFile.open(file)) {
            Map<String, NamedValues> arrays = new LinkedHashMap<>();
            open.entries().forEach((name, entry) -> {
                int[] shape = entry.shape().stream().mapToInt(Integer::intValue).toArray();
                arrays.put(name, new NamedValues(shape, open.values(name)));
            });
            return arrays;
        }
    }

    /** A tensor to write; the supplier returns its little-endian bytes and is called during writing. */
    public record TensorSource(String name, DType type, int[] shape, Supplier<byte[]> bytes) {
        /** Creates a float32 tensor. */
        public TensorSource(String name, int[] shape, Supplier<float[]> values) {
            this(name, DType.F32, shape, () -> floats(values.get()));
        }

        /** Creates an int64 tensor. */
        public static TensorSource longs(String name, int[] shape, long... values) {
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asLongBuffer().put(values);
            return new TensorSource(name, DType.I64, shape, bytes::array);
        }

        private static byte[] floats(float[] values) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Float.BYTES, values.length));
            bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
            return bytes.array();
        }

        /** Size in bytes. */
        long size() {
            long size = type.width();
            for (int dim : shape) size = Math.multiplyExact(size, dim);
            return size;
        }
    }

    /** Writes tensors in the given order, replacing an existing file. */
    public static void write(Path file, List<TensorSource> sources, Map<String, String> metadata) throws IOException {
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) header.put("__metadata__", metadata);
        long at = 0;
        for (TensorSource source : sources) {
            long end = at + source.size();
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", source.type.name());
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
            for (TensorSource source : sources) {
                byte[] bytes = source.bytes.get();
                if (bytes.length != source.size())
                    throw new IllegalStateException(
                            source.name + ": expected " + source.size() + " bytes, got " + bytes.length);
                out.write(bytes);
            }
        }
    }
}
