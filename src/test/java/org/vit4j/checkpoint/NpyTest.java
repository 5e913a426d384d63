package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.config.ConfigError;

/** Arrays of {@code .npy} files. */
class NpyTest {
    @TempDir
    private Path directory;

    /** Writes a header of version 1 or 2 and {@code count} floats 0, 1, 2... */
    private Path file(int version, String header, int count) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer bytes = ByteBuffer.allocate(12 + text.length + 4 * count).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        if (version == 1) bytes.putShort((short) text.length);
        else bytes.putInt(text.length);
        bytes.put(text);
        for (int i = 0; i < count; i++) bytes.putFloat(i);
        return Files.write(directory.resolve("a.npy"), Arrays.copyOf(bytes.array(), bytes.position()));
    }

    private static String header(String type, String order, String shape) {
        return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
    }

    @Test
    void arraysOfBothVersionsAreRead() throws IOException {
        for (int version : new int[] {1, 2}) {
            SafeTensors.NamedValues array = Npy.read(file(version, header("<f4", "False", "(2, 3)"), 6));
            assertThat(array.shape()).containsExactly(2, 3);
            assertThat(array.values()).containsExactly(0, 1, 2, 3, 4, 5);
        }
        assertThat(Npy.read(file(1, header("<f4", "False", "()"), 1)).shape()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<f4 | False | (99999999999,) | invalid shape (99999999999,)",
                "<f4 | False | (4 4,)         | invalid shape (4 4,)",
                "<f4 | False | (999999999, 999999999, 999999999) | 24 bytes of data, expected 3999999988000000011999999996",
                "<f4 | False | (2, 2)         | 24 bytes of data, expected 16",
                "<f4 | True  | (2, 3)         | expected float32 in C order",
                "<f8 | False | (3,)           | expected float32 in C order, got {'descr': '<f8'",
                ">f4 | False | (2, 3)         | expected float32 in C order",
                "<f4 | False | [2, 3]         | no shape in its header",
            })
    void otherHeadersAreErrorsOfOneLine(String type, String order, String shape, String problem) throws IOException {
        Path file = file(1, header(type, order, shape), 6);
        assertThatThrownBy(() -> Npy.read(file))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith(file + ": " + problem)
                .hasMessageNotContaining("\n");
    }

    @Test
    void truncatedAndOtherFilesAreErrorsOfOneLine() throws IOException {
        byte[] whole = Files.readAllBytes(file(1, header("<f4", "False", "(2, 3)"), 6));
        for (int length = 0; length < whole.length; length++) {
            Path file = Files.write(directory.resolve("b.npy"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Npy.read(file))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageStartingWith(file + ": ");
        }
    }
}
