package org.vit4j.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vit4j.config.ConfigError;

/** NumPy's {@code .npy} of float32, the little that is needed of it (numpy.lib.format, versions 1 to 3). */
public final class Npy {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final Pattern SHAPE = Pattern.compile("'shape':\\s*\\(([0-9, ]*)\\)");

    private Npy() {}

    /** @throws ConfigError when it is no .npy, or holds something else than float32 in C order */
    public static SafeTensors.NamedValues read(Path file) {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
        if (bytes.length < 12 || !Arrays.equals(Arrays.copyOf(bytes, 6), MAGIC)) {
            throw new ConfigError(file + ": not a .npy file");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = bytes[6] == 1 ? 10 : 12;
        int length = bytes[6] == 1 ? buffer.getShort(8) & 0xffff : buffer.getInt(8);
        if (length < 0 || length > bytes.length - at) throw new ConfigError(file + ": ends within its header");
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
