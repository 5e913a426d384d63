package org.vit4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
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
