package org.vit4j.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxThreadsTest {
    @TempDir
    private Path proc;

    private LinuxThreads threads;

    @BeforeEach
    void listThreads() throws IOException {
        task("70", "worker", 5_000);
        task("71", "worker", 20);
        task("72", "worker", 9_000_000_000L);
        task("73", "C2 CompilerThre", 800);
        Files.createDirectories(proc.resolve("self/task/74")); // ended meanwhile: its files cannot be read
        Files.createSymbolicLink(proc.resolve("thread-self"), Path.of("self/task/70"));
        threads = new LinuxThreads(proc);
    }

    private void task(String id, String name, long nanoseconds) throws IOException {
        Path task = Files.createDirectories(proc.resolve("self/task").resolve(id));
        Files.writeString(task.resolve("comm"), name + "\n");
        Files.writeString(task.resolve("schedstat"), nanoseconds + " 17 3\n");
        Files.writeString(task.resolve("status"), "Name:\t" + name + "\nCpus_allowed_list:\t0-2,5,8-9\n");
    }

    @Test
    void callingThreadIsTheTargetOfTheLink() throws IOException {
        assertThat(threads.self()).isEqualTo(70);
    }

    @Test
    void rangesOfProcessorsAreListed() throws IOException {
        assertThat(threads.processors()).containsExactly(0, 1, 2, 5, 8, 9);
    }

    @Test
    void otherThreadsWithTheNameOfTheCaller() throws IOException {
        assertThat(threads.runTimesOfSameName()).isEqualTo(Map.of(71, 20L, 72, 9_000_000_000L));
    }

    @Test
    void statusWithoutProcessorsIsAnError() throws IOException {
        Files.writeString(proc.resolve("self/task/70/status"), "Name:\tworker\n");
        assertThatThrownBy(threads::processors)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Cpus_allowed_list");
    }
}
