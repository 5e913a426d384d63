package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training by two processes that sum their gradients by Gloo. */
@Tag("slow")
class RankLauncherTest {
    /** Rounding of float32 sums of two halves instead of one sum. */
    private static final double ROUNDING = 1e-5;

    @TempDir
    Path directory;

    private CommandLineTest.Outcome train(String run, String... overrides) {
        List<String> words = new ArrayList<>(
                List.of("train", "digits-vit", "--run", directory.resolve(run).toString()));
        List<String> all = new ArrayList<>(List.of(
                "model.dim=16",
                "model.depth=1",
                "model.heads=2",
                "train.epochs=4",
                "train.batch=299",
                "train.drop_last=false"));
        all.addAll(List.of(overrides));
        all.forEach(override -> words.addAll(List.of("--set", override)));
        return CommandLineTest.run(words.toArray(String[]::new));
    }

    private List<Double> losses(String run) throws IOException {
        List<Double> losses = new ArrayList<>();
        for (String line : Files.readAllLines(directory.resolve(run).resolve("metrics.jsonl")))
            losses.add(new ObjectMapper().readTree(line).path("train_loss").asDouble());
        return losses;
    }

    @ParameterizedTest
    @CsvSource({"0.1, '{mixup: 0.2, cutmix: 1.0, mode: elem}'", "0, off"})
    void twoProcessesTrainLikeOne(double drop, String mixup) throws IOException {
        String[] recipe = {"model.proj_drop=" + drop, "train.mixup=" + mixup};
        CommandLineTest.Outcome alone = train("one", recipe[0], recipe[1], "train.backend=torch", "train.device=cpu");
        assertThat(alone.code()).as(alone.err()).isZero();
        CommandLineTest.Outcome together = train("two", recipe[0], recipe[1], "train.device=[cpu, cpu]");
        assertThat(together.code()).as(together.err()).isZero();
        assertThat(together.out()).startsWith("validation accuracy: ").doesNotContain("[Gloo]");
        List<Double> expected = losses("one");
        assertThat(losses("two")).hasSameSizeAs(expected).hasSize(4);
        for (int i = 0; i < 4; i++) assertThat(losses("two").get(i)).isCloseTo(expected.get(i), within(ROUNDING));
        assertThat(Files.readString(directory.resolve("two/config.yaml"))).contains("device:", "cpu, cpu");
    }

    @Test
    void anErrorInAllProcessesIsReportedOnce() {
        CommandLineTest.Outcome outcome = train("none", "model.classes=3", "train.device=[cpu, cpu]");
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(train("none", "train.device=[cpu, cuda:0]").err())
                .contains("cannot combine cpu and cuda:N in one training");
    }
}
