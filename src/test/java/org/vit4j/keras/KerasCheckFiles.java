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
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes models, inputs and expected logits to {@code target/keras}, where {@code checks/keras/check_keras.py} checks
 * them with unmodified Keras.
 */
public final class KerasCheckFiles {
    private static final Path OUT = Path.of("target", "keras");

    private KerasCheckFiles() {}

    public static Path write(String name, KerasExample example, Map<String, byte[]> extras) throws IOException {
        Files.createDirectories(OUT);
        Path file = OUT.resolve(name + ".keras");
        KerasFile.write(file, KerasModel.of(example.graph(), name), example.weights()::get, extras);
        npy(OUT.resolve(name + ".input.npy"), example.input());
        npy(OUT.resolve(name + ".logits.npy"), example.logits());
        return file;
    }

    public static void npy(Path file, KerasExample.Array array) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(4 * array.values().length).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(array.values());
        npy(file, "<f4", IntStream.of(array.shape()).mapToObj(Integer::toString), data);
    }

    /** Writes float64 values. */
    public static void npy(Path file, INDArray array) throws IOException {
        double[] values = array.dup('c').data().asDouble();
        ByteBuffer data = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asDoubleBuffer().put(values);
        npy(file, "<f8", LongStream.of(array.shape()).mapToObj(Long::toString), data);
    }

    /** Writes NumPy's file format, version 1. */
    private static void npy(Path file, String type, Stream<String> dims, ByteBuffer data) throws IOException {
        String shape = dims.map(dim -> dim + ",").collect(Collectors.joining(" "));
        String header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
        int length = (10 + header.length() + 1 + 63) / 64 * 64 - 10;
        ByteBuffer bytes = ByteBuffer.allocate(10 + length + data.capacity());
        bytes.order(ByteOrder.LITTLE_ENDIAN).put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
        bytes.put((byte) 1).put((byte) 0).putShort((short) length);
        String padded = header + " ".repeat(length - 1 - header.length()) + "\n";
        bytes.put(padded.getBytes(StandardCharsets.US_ASCII)).put(data);
        Files.write(file, bytes.array());
    }
}
