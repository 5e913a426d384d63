package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;

/** Checkpoints written by PyTorch, and damaged and malicious files. */
class StateDictTest {
    private static final Path FILES = Path.of("src/test/resources/checkpoints");

    @TempDir
    Path directory;

    private static void rejected(Path file, String message) {
        assertThatThrownBy(() -> StateDict.open(file).close())
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message)
                .message()
                .hasLineCount(1)
                .startsWith(file.toString());
    }

    @Test
    void allKindsOfTorchTensorsAreRead() throws IOException {
        JsonNode expected =
                new ObjectMapper().readTree(FILES.resolve("kinds.json").toFile());
        try (StateDict dict = StateDict.open(FILES.resolve("kinds.pth"))) {
            assertThat(dict.label()).endsWith("kinds.pth!state_dict");
            assertThat(dict.entries().keySet())
                    .containsExactly(
                            "module.turned",
                            "module.part",
                            "module.bf16",
                            "module.half",
                            "module.double",
                            "module.count",
                            "module.every_second");
            dict.entries().forEach((wrapped, entry) -> {
                String name = wrapped.substring("module.".length());
                assertThat(entry.shape().toString())
                        .as(name)
                        .isEqualTo(expected.path(name).path("shape").toString().replace(",", ", "));
                float[] values = dict.values(wrapped);
                for (int i = 0; i < values.length; i++) {
                    assertThat(values[i]).as(name).isEqualTo((float)
                            expected.path(name).path("values").get(i).asDouble());
                }
            });
        }
    }

    @Test
    void legacyTorchFormatIsRejectedWithAConversionCommand() {
        rejected(
                FILES.resolve("legacy.pth"),
                "before PyTorch 1.6, which is not supported; convert it once with: python -c");
    }

    @Test
    void pickleThatRunsCommandsIsRejectedAndNotExecuted() {
        Path trace = Path.of("target/was-executed");
        rejected(FILES.resolve("evil.pth"), "rejected because of 'posix.system'");
        assertThat(trace).doesNotExist();
    }

    @Test
    void otherFilesAreRejectedWithOneLine() throws IOException {
        rejected(directory.resolve("none.pth"), "no such file");
        rejected(directory, "is a directory");
        rejected(write("text.pth", "hello, this is a text".getBytes(StandardCharsets.UTF_8)), "not a safetensors file");
        rejected(write("empty.safetensors", new byte[0]), "not a safetensors file");
        rejected(zip("other.zip", "a.txt", new byte[] {1}), "it contains 0 data.pkl");
        rejected(write("a.json", "{}".getBytes(StandardCharsets.UTF_8)), "no weight_map");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} # Duplicate field 'a'",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} # they overlap",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} # there is a gap",
                "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}} # it is truncated",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} # unexpected data after them",
                "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} # do not match shape [3] of type F32",
                "{'a':{'dtype':'F8','shape':[8],'data_offsets':[0,8]}} # unsupported type 'F8'",
                "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} # number out of range",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} # do not match shape",
                "{'a':{'dtype':'F32','shape':[2000000000,2000000000,2000000000],'data_offsets':[0,8]}} # is too large",
                "{'a':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}} # out of range of long",
                "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}} # unexpected 2.0",
                "{'a':{'dtype':'F32','shape':[[[[[[[[[[2]]]]]]]]]],'data_offsets':[0,8]}} # unexpected [",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'code':'x'}} # unknown key 'code'",
                "{'a':{'shape':[2],'data_offsets':[0,8]}} # unsupported type ''",
                "{'a':[1]} # unexpected [",
                "[1] # unexpected [",
                "{'a # not a safetensors file: invalid header",
                "{} {} # unexpected text after the JSON header"
            })
    void invalidHeadersAreRejected(String header, String message) throws IOException {
        byte[] json = header.strip().replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        rejected(safetensors(json.length, json, 8), message.strip());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE, 1000, Integer.MAX_VALUE, Long.MAX_VALUE})
    void invalidHeaderLengthsAreRejected(long length) throws IOException {
        rejected(safetensors(length, "{}".getBytes(StandardCharsets.UTF_8), 8), "header length");
    }

    @Test
    void oversizedHeaderIsRejected() throws IOException {
        byte[] json = new byte[(16 << 20) + 1];
        Arrays.fill(json, (byte) ' ');
        rejected(safetensors(json.length, json, 0), "the limit is 16777216");
    }

    @Test
    void emptyArraysAndScalarsAreRead() throws IOException {
        byte[] json = ("{\"none\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[0,0]},"
                        + "\"one\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}")
                .getBytes(StandardCharsets.UTF_8);
        try (StateDict dict = StateDict.open(safetensors(json.length, json, 4))) {
            assertThat(dict.values("none")).isEmpty();
            assertThat(dict.values("one")).hasSize(1);
        }
    }

    @Test
    void interruptedThreadsReadArrays() throws IOException {
        byte[] json =
                "{\"one\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}".getBytes(StandardCharsets.UTF_8);
        Path file = safetensors(json.length, json, 4);
        Thread.currentThread().interrupt();
        try (StateDict dict = StateDict.open(file)) {
            assertThat(dict.values("one")).hasSize(1);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../x.safetensors", "/etc/x.safetensors", "a/x.safetensors", "..", "x.bin", "a\\\\b.safetensors"
            })
    void shardsOutsideOfTheDirectoryOfTheIndexAreRejected(String shard) throws IOException {
        byte[] index = ("{\"weight_map\": {\"a\": \"" + shard + "\"}}").getBytes(StandardCharsets.UTF_8);
        rejected(write("model.safetensors.index.json", index), "is not a plain .safetensors file name");
    }

    @Test
    void zipTruncatedAtAnyLengthIsRejected() throws IOException {
        byte[] complete = Files.readAllBytes(FILES.resolve("kinds.pth"));
        for (int length = 4; length < complete.length; length += 97) {
            Path file = write("short.pth", Arrays.copyOf(complete, length));
            assertThatThrownBy(() -> StateDict.open(file).close()).isInstanceOf(ConfigError.class);
        }
    }

    /** Tensors whose strides, offset or storage do not fit, or with more values than their storage. */
    @ParameterizedTest
    @CsvSource({
        "2, 0, '3', '1', does not fit its storage of 2 values",
        "2, 1, '2', '1', does not fit its storage of 2 values",
        "2, 0, '2147483647,2', '0,0', does not fit its storage of 2 values",
        "2, 0, '2', '9223372036854775807', does not fit its storage of 2 values",
        "2, -1, '1', '1', does not fit its storage",
        "2, 0, '1', '-1', an invalid shape or stride",
        "3, 0, '2', '1', 'data has 8 bytes in the zip, expected 3 values of type F32'"
    })
    void tensorsOutsideOfTheirStorageAreRejected(
            long storage, long offset, String shape, String strides, String message) throws IOException {
        Path file = zip(
                "t.pth",
                "t/data.pkl",
                new PickleBuilder().tensor(storage, offset, shape, strides).bytes(),
                "t/data/0",
                new byte[8]);
        rejected(file, message);
    }

    @Test
    void malformedPicklesAreRejected() throws IOException {
        rejected(pickle(0x80, 2, 'X', 0xf0, 0xff, 0xff, 0x7f, 'a', '.'), "truncated in a string");
        rejected(pickle(0x80, 2, 0x8d, 0, 0, 0, 0, 0, 0, 0, 0x7f), "truncated in a string");
        rejected(pickle(0x80, 2, '}', 'h', 7, '.'), "memo index 7 of its pickle is undefined");
        rejected(pickle(0x80, 2, 'u', '.'), "stack underflow");
        rejected(pickle(0x80, 2, '}'), "its pickle is truncated");
        rejected(pickle(0x80, 2, '}', '.'), "no state dict");
        rejected(pickle(0x80, 9, '}', '.'), "pickle protocol 9 is not supported");
        rejected(pickle(0x80, 2, 'i', 'x', '\n', 'y', '\n', '.'), "unknown opcode 0x69");
    }

    @Test
    void numberOfPickleOpcodesIsLimited() throws IOException {
        byte[] many = new byte[1_500_000];
        Arrays.fill(many, (byte) ']');
        rejected(zip("m.pth", "m/data.pkl", many), "more than 1000000 opcodes");
    }

    @Test
    void nestedTuplesAsKeysAreSkipped() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x80, 2, '}', ')'});
        for (int i = 0; i < 60; i++)
            out.writeBytes(new byte[] {'q', (byte) i, 'h', (byte) i, (byte) 0x86}); // t = (t, t)
        out.writeBytes(new byte[] {'K', 1, 's', '.'});
        rejected(zip("h.pth", "h/data.pkl", out.toByteArray()), "no state dict");
    }

    private Path pickle(int... bytes) throws IOException {
        byte[] raw = new byte[bytes.length];
        for (int i = 0; i < raw.length; i++) raw[i] = (byte) bytes[i];
        return zip("p.pth", "p/data.pkl", raw);
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(directory.resolve(name), bytes);
    }

    private Path safetensors(long length, byte[] header, int data) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(8 + header.length + data).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(length).put(header);
        return write("x.safetensors", all.array());
    }

    /** Writes an uncompressed zip file from pairs of name and content. */
    private Path zip(String file, Object... entries) {
        Path path = directory.resolve(file);
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(path))) {
            for (int i = 0; i < entries.length; i += 2) {
                byte[] content = (byte[]) entries[i + 1];
                ZipEntry entry = new ZipEntry((String) entries[i]);
                CRC32 crc = new CRC32();
                crc.update(content);
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(content.length);
                entry.setCrc(crc.getValue());
                out.putNextEntry(entry);
                out.write(content);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return path;
    }

    /** Builds the pickle of {@code {"a": tensor}} as written by torch.save. */
    private static final class PickleBuilder {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        PickleBuilder tensor(long storage, long offset, String shape, String strides) {
            raw(0x80, 2, '}').text("a");
            line("ctorch._utils\n_rebuild_tensor_v2\n").raw('(', '(');
            text("storage")
                    .line("ctorch\nFloatStorage\n")
                    .text("0")
                    .text("cpu")
                    .number(storage)
                    .raw('t', 'Q');
            number(offset).numbers(shape).numbers(strides).raw(0x89, '}', 't', 'R', 's', '.');
            return this;
        }

        private PickleBuilder raw(int... bytes) {
            for (int b : bytes) out.write(b);
            return this;
        }

        private PickleBuilder line(String text) {
            out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            return this;
        }

        private PickleBuilder text(String text) {
            return raw('X', text.length(), 0, 0, 0).line(text);
        }

        private PickleBuilder number(long value) {
            raw(0x8a, 8);
            out.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
            return this;
        }

        private PickleBuilder numbers(String values) {
            raw('(');
            for (String value : values.split(",", -1)) number(Long.parseLong(value));
            return raw('t');
        }

        byte[] bytes() {
            return out.toByteArray();
        }
    }
}
