package org.vit4j.checkpoint;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
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
     * @param text of the header, for messages
     */
    record Header(Optional<DType> type, List<Integer> shape, boolean fortran, String text) {}

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
        byte[] text = in.readNBytes(length);
        if (text.length < length) throw new ConfigError(label + ": truncated in its header");
        return parse(label, new String(text, StandardCharsets.ISO_8859_1));
    }

    private static Header parse(String label, String text) {
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
        return new Header(known, dims, text.contains("'fortran_order': True"), text.strip());
    }

    private static Header header(Path file, ByteArrayInputStream in) {
        try {
            return header(file.toString(), in);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // not by a stream of bytes
        }
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
        ByteArrayInputStream in = new ByteArrayInputStream(bytes);
        Header header = header(file, in);
        if (!header.type.equals(Optional.of(DType.F32)) || header.fortran)
            throw new ConfigError(file + ": expected float32 in C order, got " + header.text);
        int[] dims = header.shape.stream().mapToInt(i -> i).toArray();
        BigInteger expected = BigInteger.valueOf(Float.BYTES);
        for (int dim : dims) expected = expected.multiply(BigInteger.valueOf(dim));
        if (!expected.equals(BigInteger.valueOf(in.available())))
            throw new ConfigError(file + ": " + in.available() + " bytes of data, expected " + expected);
        float[] values = new float[in.available() / Float.BYTES];
        ByteBuffer.wrap(bytes, bytes.length - in.available(), in.available())
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return new SafeTensors.NamedValues(dims, values);
    }
}
