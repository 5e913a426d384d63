package org.vit4j.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vit4j.config.ConfigError;
import org.vit4j.io.GitLfs;

/** Reader of NumPy's {@code .npy} files, versions 1 to 3 (numpy.lib.format). */
public final class Npy {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final Pattern SHAPE = Pattern.compile("'shape':\\s*\\(([0-9, ]*)\\)");

    private static final Pattern DESCR = Pattern.compile("'descr':\\s*'([^']*)'");
    private static final Map<String, DType> TYPES = Map.of(
            "<f8",
            DType.F64,
            "<f4",
            DType.F32,
            "<f2",
            DType.F16,
            "|V2",
            DType.BF16,
            "<i8",
            DType.I64,
            "<i4",
            DType.I32,
            "<i2",
            DType.I16,
            "|i1",
            DType.I8,
            "|u1",
            DType.U8,
            "|b1",
            DType.BOOL);

    private static final int MAX_HEADER = 1 << 16;
    private static final int MAX_RANK = 16;

    /**
     * Type and shape of an array.
     *
     * @param type empty for text, objects and big-endian numbers; bfloat16 for two bytes without a type ({@code |V2}), as
     *     saved by JAX
     * @param fortran true if the first axis is contiguous (Fortran order)
     */
    record Header(Optional<DType> type, List<Integer> shape, boolean fortran) {}

    private Npy() {}

    /** Reads the header at the beginning of a stream and leaves the stream at the first value. */
    static Header header(String label, InputStream in) throws IOException {
        byte[] start = in.readNBytes(8);
        if (start.length < 8 || !Arrays.equals(Arrays.copyOf(start, 6), MAGIC)) {
            throw new ConfigError(label + ": not a .npy file");
        }
        byte[] size = in.readNBytes(start[6] == 1 ? 2 : 4);
        int length = 0;
        for (int i = size.length - 1; i >= 0; i--) length = length << 8 | (size[i] & 0xff);
        if (length < 0 || length > MAX_HEADER)
            throw new ConfigError(label + ": header length out of range (" + length + ")");
        String text = new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
        Matcher shape = SHAPE.matcher(text);
        Matcher type = DESCR.matcher(text);
        if (!shape.find()) throw new ConfigError(label + ": no shape in its header");
        List<Integer> dims = new ArrayList<>();
        for (String part : shape.group(1).split(",", -1)) {
            if (part.isBlank()) continue;
            if (dims.size() == MAX_RANK || !part.strip().matches("\\d{1,9}")) {
                throw new ConfigError(label + ": invalid shape (" + shape.group(1) + ")");
            }
            dims.add(Integer.parseInt(part.strip()));
        }
        Optional<DType> known = type.find() ? Optional.ofNullable(TYPES.get(type.group(1))) : Optional.empty();
        return new Header(known, dims, text.contains("'fortran_order': True"));
    }

    /**
     * Reads an array of float32 in C order.
     *
     * @throws ConfigError if it is not such a file
     */
    public static SafeTensors.NamedValues read(Path file) {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
        GitLfs.pointer(bytes).ifPresent(problem -> {
            throw new ConfigError(file + ": " + problem);
        });
        if (bytes.length < 12 || !Arrays.equals(Arrays.copyOf(bytes, 6), MAGIC)) {
            throw new ConfigError(file + ": not a .npy file");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = bytes[6] == 1 ? 10 : 12;
        int length = bytes[6] == 1 ? buffer.getShort(8) & 0xffff : buffer.getInt(8);
        if (length < 0 || length > bytes.length - at) throw new ConfigError(file + ": truncated in its header");
        String header = new String(bytes, at, length, StandardCharsets.ISO_8859_1);
        Matcher shape = SHAPE.matcher(header);
        if (!header.contains("'<f4'") || !header.contains("'fortran_order': False") || !shape.find()) {
            throw new ConfigError(file + ": expected float32 in C order, got " + header.strip());
        }
        int[] dims = Arrays.stream(shape.group(1).split(","))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
        long count = Arrays.stream(dims).asLongStream().reduce(1, Math::multiplyExact);
        if (count * 4 != bytes.length - at - length) {
            throw new ConfigError(file + ": " + (bytes.length - at - length) + " bytes of data, expected " + count * 4);
        }
        float[] values = new float[(int) count];
        buffer.position(at + length);
        buffer.asFloatBuffer().get(values);
        return new SafeTensors.NamedValues(dims, values);
    }
}
