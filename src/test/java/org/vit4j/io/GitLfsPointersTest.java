package org.vit4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.checkpoint.Npy;
import org.vit4j.checkpoint.StateDict;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.ImageFile;
import org.vit4j.model.SavedModel;

/** All readers of files report Git LFS pointers, with a remedy. */
class GitLfsPointersTest {
    private static final String POINTER = """
            version https://git-lfs.github.com/spec/v1
            oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
            size 12345
            """;

    @TempDir
    Path directory;

    private interface Reader {
        void read(Path file);
    }

    private static Arguments reader(String name, Reader reader) {
        return Arguments.of(name, reader);
    }

    static Stream<Arguments> readers() {
        return Stream.of(
                reader("a.pth", file -> StateDict.open(file).close()),
                reader("a.safetensors", file -> StateDict.open(file).close()),
                reader("a.npz", file -> StateDict.open(file).close()),
                reader("a.safetensors.index.json", file -> StateDict.open(file).close()),
                reader("a.keras", SavedModel::describe),
                reader("a.npy", Npy::read),
                reader("a.jpg", file -> ImageFile.read(file, 3)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("readers")
    void pointersAreReported(String name, Reader reader) throws IOException {
        for (String text : new String[] {POINTER, POINTER.replace("\n", "\r\n")}) {
            Path file = Files.writeString(directory.resolve(name), text);
            assertThatThrownBy(() -> reader.read(file))
                    .isInstanceOf(ConfigError.class)
                    .hasMessage(file
                            + ": is a Git LFS pointer, not the file itself of 12345 bytes; run 'git lfs install' and"
                            + " 'git lfs pull' in its repository, or download the file again");
        }
    }

    @Test
    void otherTextIsNotAPointer() {
        for (String text :
                new String[] {"", "v", "version 2", "version https://example.org/spec/v1\n", "oid sha256:1"}) {
            assertThat(GitLfs.pointer(text.getBytes(StandardCharsets.UTF_8))).isEmpty();
        }
    }
}
