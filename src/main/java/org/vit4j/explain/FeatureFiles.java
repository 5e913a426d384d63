package org.vit4j.explain;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.vit4j.io.AtomicFiles;

/** Writers of feature values as .npy and CSV files. */
final class FeatureFiles {
    private FeatureFiles() {}

    /** Writes NumPy's .npy format, version 1.0, float32 in C order. */
    static void npy(Path file, long[] shape, float[] values) {
        String dims = Arrays.stream(shape).mapToObj(String::valueOf).collect(Collectors.joining(", "));
        String header =
                "{'descr': '<f4', 'fortran_order': False, 'shape': (" + dims + (shape.length == 1 ? "," : "") + "), }";
        int padded = (10 + header.length() + 1 + 63) / 64 * 64; // the data start at a multiple of 64
        ByteBuffer bytes = ByteBuffer.allocate(padded + 4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) 0x93)
                .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0);
        bytes.putShort((short) (padded - 10));
        bytes.put(header.getBytes(StandardCharsets.US_ASCII));
        while (bytes.position() < padded - 1) bytes.put((byte) ' ');
        bytes.put((byte) '\n');
        bytes.asFloatBuffer().put(values);
        AtomicFiles.write(file, temporary -> Files.write(temporary, bytes.array()));
    }

    /** Writes one line per image: its name, then its values. */
    static void csv(Path file, List<String> names, float[] values) {
        int columns = values.length / names.size();
        StringBuilder text = new StringBuilder("image");
        for (int i = 0; i < columns; i++) text.append(",f").append(i);
        text.append('\n');
        for (int row = 0; row < names.size(); row++) {
            text.append('"').append(names.get(row).replace("\"", "\"\"")).append('"');
            for (int i = 0; i < columns; i++) text.append(',').append(values[row * columns + i]);
            text.append('\n');
        }
        AtomicFiles.write(file, text.toString());
    }
}
