package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;

/** Arguments in files. */
class ArgumentFilesTest {
    @TempDir
    Path directory;

    private String file(String name, String content) throws IOException {
        Path file = Files.write(directory.resolve(name), content.getBytes(StandardCharsets.UTF_8));
        return "@" + file;
    }

    @Test
    void linesAreArgumentsInUtf8() throws IOException {
        String inner = file("inner", "two words\r\n\n# comment\n  # another\nü.png");
        String outer = file("outer", inner + "\n--top\n2\n");
        assertThat(ArgumentFiles.expanded("predict", outer, "@missing", "@@at", "@"))
                .containsExactly("predict", "two words", "ü.png", "--top", "2", "@missing", "@at", "@");
    }

    @Test
    void filesThatContainThemselvesOrNoTextAreRefused() throws IOException {
        String loop = "@" + directory.resolve("loop");
        file("loop", "a\n" + loop);
        assertThatThrownBy(() -> ArgumentFiles.expanded(loop))
                .isInstanceOf(ConfigError.class)
                .hasMessage(loop + ": contains itself");
        Path bytes = Files.write(directory.resolve("bytes"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThatThrownBy(() -> ArgumentFiles.expanded("@" + bytes))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("bytes");
    }
}
