package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;

/** A run is not resumed with other data. */
class RunImagesTest {
    private static final RunImages BEFORE = new RunImages(List.of("a", "b"), List.of(5L, 7L), List.of(1L, 2L));

    private static void assertDifference(RunImages now, String difference) {
        assertThat(BEFORE.difference(now)).contains(difference);
    }

    @Test
    void differencesAreNamed() {
        assertThat(BEFORE.difference(BEFORE)).isEmpty();
        assertDifference(
                new RunImages(List.of("b", "c"), List.of(5L, 7L), List.of(1L, 2L)),
                "was started with 'a' as class 0, now it is 'b'");
        assertDifference(
                new RunImages(List.of("a", "b", "c"), List.of(), List.of()),
                "was started with 2 classes, now the data has 3");
        assertDifference(
                new RunImages(List.of("a", "b"), List.of(5L, 6L), List.of(1L, 2L)),
                "was started with 7 training images of class 'b', now there are 6");
        assertDifference(
                new RunImages(List.of("a", "b"), List.of(5L, 7L), List.of(2L, 2L)),
                "was started with 1 validation images of class 'a', now there are 2");
    }

    @Test
    void unknownCountsAreNotCompared() {
        assertThat(BEFORE.difference(new RunImages(List.of("a", "b"), List.of(), List.of())))
                .isEmpty();
    }

    @Test
    void runsRecordTheirDataAndAreNotResumedWithOther(@TempDir Path directory) throws IOException {
        List<String> tiny = List.of("model.dim=16", "model.depth=1", "model.heads=2", "train.epochs=1");
        RunConfig config = TestRuns.config("digits-vit", tiny, "train.batch=256");
        Path run = directory.resolve("run");
        TestRuns.train(config, run, false, 2);
        Path file = run.resolve("run.json");
        String info = Files.readString(file);
        Files.writeString(file, info.replace("\"4\"", "\"four\""));
        assertThatThrownBy(() -> TestRuns.train(config, run, true, 0))
                .isInstanceOf(ConfigError.class)
                .hasMessage(file + ": the run was started with 'four' as class 4, now it is '4'; restore the data, or"
                        + " start another run with --run");
        Files.writeString(file, "{\"config\": \"digits-vit\", \"changes\": []}"); // of an earlier version
        assertThat(TestRuns.train(config, run, true, 0).finished()).isTrue();
        assertThat(Files.readString(file)).isEqualTo(info);
    }
}
