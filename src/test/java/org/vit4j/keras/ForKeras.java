package org.vit4j.keras;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Puts models under {@code target/keras}, input and expected logits beside them: what
 * {@code checks/keras/check_keras.py} gives to stock Keras.
 */
public final class ForKeras {
    private static final Path OUT = Path.of("target", "keras");

    private ForKeras() {}

    public static Path write(String name, Example example, Map<String, byte[]> extras) throws IOException {
        Files.createDirectories(OUT);
        Path file = OUT.resolve(name + ".keras");
        KerasFile.write(file, KerasModel.of(example.graph(), name), example.weights()::get, extras);
        npy(OUT.resolve(name + ".input.npy"), example.input());
        npy(OUT.resolve(name + ".logits.npy"), example.logits());
        return file;
    }

    /** NumPy's format, version 1. */
    public static void npy(Path file, Example.Array array) throws IOException {
        String shape = IntStream.of(array.shape()).mapToObj(dim -> dim + ",").collect(Collectors.joining(" "));
        String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
        int length = (10 + header.length() + 1 + 63) / 64 * 64 - 10;
        ByteBuffer bytes = ByteBuffer.allocate(10 + length + 4 * array.values().length);
        bytes.order(ByteOrder.LITTLE_ENDIAN).put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
        bytes.put((byte) 1).put((byte) 0).putShort((short) length);
        String padded = header + " ".repeat(length - 1 - header.length()) + "\n";
        bytes.put(padded.getBytes(StandardCharsets.US_ASCII));
        bytes.asFloatBuffer().put(array.values());
        Files.write(file, bytes.array());
    }
}
