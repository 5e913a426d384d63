package org.vit4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files have their old or their new content. */
class AtomicFilesTest {
    @TempDir
    Path directory;

    @Test
    void failedWriteKeepsTheExistingFile() throws IOException {
        Path file = directory.resolve("model.keras");
        AtomicFiles.write(file, "before");
        assertThatThrownBy(() -> AtomicFiles.write(file, temporary -> {
                    Files.writeString(temporary, "hal");
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(RunException.class)
                .hasMessage(file + ": cannot be written: No space left on device");
        assertThat(file).hasContent("before");
        assertThat(directory.toFile().list()).containsExactly("model.keras");
    }

    @Test
    void unfinishedFilesCanBeDiscarded() {
        Path file = directory.resolve("model.keras");
        assertThatThrownBy(() -> AtomicFiles.write(file, temporary -> {
                    Files.writeString(temporary, "hal");
                    AtomicFiles.discardUnfinished(); // as a signal does
                    assertThat(directory).isEmptyDirectory();
                }))
                .isInstanceOf(RunException.class);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void interruptedThreadsWriteFilesAndStayInterrupted() {
        Path file = directory.resolve("metrics.jsonl");
        Thread.currentThread().interrupt();
        AtomicFiles.write(file, "{}");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(file).hasContent("{}");
    }

    @Test
    void longNamesOfAnyCharactersAreWritten() {
        for (int length = 36; length < 42; length++) {
            Path file = directory.resolve("x".repeat(length) + "\ud83d\ude00".repeat(8));
            AtomicFiles.write(file, "text");
            assertThat(file).hasContent("text");
        }
    }

    @Test
    void missingDirectoriesAreCreatedAndAFileInTheirPlaceIsReported() throws IOException {
        Path file = directory.resolve("a/b/metrics.jsonl");
        AtomicFiles.write(file, "{}");
        assertThat(file).hasContent("{}");
        Path blocked = file.resolve("c.txt");
        assertThatThrownBy(() -> AtomicFiles.write(blocked, "x"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("a file exists where a directory is expected");
    }

    @Test
    void writersOfOneFileDoNotDisturbEachOther() throws IOException {
        Path file = directory.resolve("model.keras");
        AtomicFiles.write(file, temporary -> {
            Files.writeString(temporary, "outer");
            AtomicFiles.write(file, "inner");
            assertThat(temporary).hasContent("outer");
        });
        assertThat(file).hasContent("outer");
        assertThat(directory.toFile().list()).containsExactly("model.keras");
    }

    @Test
    void linksAreFollowedAndSocketsAreNotReplaced() throws IOException {
        Path file = Files.writeString(directory.resolve("v1.keras"), "before");
        Path link = Files.createSymbolicLink(directory.resolve("model.keras"), file);
        AtomicFiles.write(link, "after");
        assertThat(link).isSymbolicLink();
        assertThat(file).hasContent("after");
        Path socket = directory.resolve("socket");
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            assertThatThrownBy(() -> AtomicFiles.write(socket, "x"))
                    .hasMessage(socket + ": cannot be written: it is a device or a pipe, not a file");
        }
    }

    @Test
    void onlyTemporaryFilesOfKilledProcessesAreDeleted() throws IOException {
        Files.createDirectories(directory.resolve("checkpoints/deeper"));
        for (String name : new String[] {
            ".model.keras.4711.tmp",
            "checkpoints/.step-000000004.safetensors.4711.tmp",
            "checkpoints/deeper/.x.4711.tmp",
            "notes.tmp",
            ".hidden",
            "model.keras"
        }) {
            Files.writeString(directory.resolve(name), "x");
        }
        AtomicFiles.discardStale(directory, 2);
        assertThat(directory.toFile().list())
                .containsExactlyInAnyOrder("checkpoints", "notes.tmp", ".hidden", "model.keras");
        assertThat(directory.resolve("checkpoints").toFile().list()).containsExactly("deeper");
        assertThat(directory.resolve("checkpoints/deeper/.x.4711.tmp")).exists();
        AtomicFiles.discardStale(directory.resolve("absent"), 2);
    }
}
