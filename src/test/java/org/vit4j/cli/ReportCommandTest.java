package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code report}. */
class ReportCommandTest {
    @TempDir
    Path directory;

    private Path run() throws Exception {
        Files.writeString(directory.resolve("config.yaml"), "train: {epochs: 2}\n");
        epochs(1);
        return directory;
    }

    private void epochs(int count) throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 1; i <= count; i++) {
            lines.append("{\"epoch\":" + i + ",\"lr\":0.1,\"train_loss\":1,\"train_top1\":0.5,\"val_loss\":1,"
                    + "\"val_top1\":0.5,\"images_per_second\":1,\"seconds\":1}\n");
        }
        Files.writeString(directory.resolve("metrics.jsonl"), lines);
    }

    @Test
    void writesTheReportOfARunThatWasStopped() throws Exception {
        CommandLineTest.Outcome outcome = CommandLineTest.run("report", run().toString());
        assertThat(outcome.code()).isZero();
        assertThat(outcome.out()).contains("not running: 1 of 2 epochs done");
        assertThat(directory.resolve("report.html"))
                .content()
                .contains("not running")
                .doesNotContain("http-equiv");
    }

    @Test
    void followReloadsUntilTheTrainingProcessEnds() throws Exception {
        Path page = directory.resolve("page.html");
        Path lock = run().resolve("run.lock");
        CompletableFuture<CommandLineTest.Outcome> followed;
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            assertThat(held.isValid()).isTrue();
            followed = CompletableFuture.supplyAsync(() -> CommandLineTest.run(
                    "report", directory.toString(), "--follow", "--every", "1", "-o", page.toString()));
            while (!Files.exists(page)) {
                assertThat(followed).isNotDone();
                Thread.sleep(50);
            }
            assertThat(page).content().contains("training: 1 of 2 epochs done", "http-equiv=\"refresh\" content=\"1\"");
            epochs(2);
        }
        assertThat(followed.get().out()).contains("finished");
        assertThat(page).content().contains("finished").doesNotContain("http-equiv");
    }

    @Test
    void invalidInputGivesOneLine() throws Exception {
        CommandLineTest.Outcome missing =
                CommandLineTest.run("report", directory.resolve("none").toString());
        assertThat(missing.code()).isEqualTo(2);
        assertThat(missing.err())
                .contains("none: does not exist; expected a run directory")
                .hasLineCount(1);
        assertThat(CommandLineTest.run("report", run().toString(), "--every", "0")
                        .err())
                .contains("--every 0: must be positive");
    }
}
