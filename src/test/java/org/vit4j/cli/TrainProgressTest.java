package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.vit4j.data.LoadTimes;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.train.TrainState;

/** Progress lines when standard error is not a terminal. */
class TrainProgressTest {
    private final StringWriter err = new StringWriter();
    private long seconds;
    private final TrainProgress progress =
            new TrainProgress(new PrintWriter(err), false, () -> seconds * 1_000_000_000);

    @BeforeEach
    void start() {
        progress.start(10);
    }

    private static TrainState state(int epoch, int batches, List<EpochMetrics> history) {
        return new TrainState(epoch, batches, 0, 64.0 * batches, 16L * batches, 32L * batches, 2.0 * batches, history);
    }

    @Test
    void longEpochHasALineEvery30Seconds() {
        for (seconds = 2; seconds <= 200; seconds += 2) {
            progress.batch(state(0, (int) seconds / 2, List.of()), 1000, 0);
        }
        assertThat(err.toString().lines()).hasSize(6);
        assertThat(err.toString().lines().findFirst().orElseThrow())
                // 985 batches of 2 s, and nine epochs of 2000 s
                .isEqualTo("epoch 1/10  batch 15/1000  loss 2.0000  top-1 50.00%  |  16 images/s  5:32:50 left");
    }

    @Test
    void timeLeftAssumesTheDurationOfTheLastEpoch() {
        EpochMetrics first = new EpochMetrics(1, 0.1, 2, 0.5, 1.5, 0.6, null, null, 100, 60);
        seconds = 31;
        progress.batch(state(1, 10, List.of(first)), 20, 0);
        assertThat(err.toString()).contains("epoch 2/10  batch 10/20").contains(" 8:20 left"); // 10 * 2 + 8 * 60
    }

    @Test
    void shortEpochHasOneLine() {
        EpochMetrics first = new EpochMetrics(1, 0.1, 2, 0.5, 1.5, 0.6, null, null, 100, 60);
        for (seconds = 0; seconds < 20; seconds++) progress.batch(state(0, 1, List.of()), 20, 0);
        progress.epoch(first, 10);
        for (; seconds < 40; seconds++) progress.batch(state(1, 1, List.of(first)), 20, 0);
        assertThat(err.toString().lines())
                .containsExactly("epoch 1/10  loss 2.0000  top-1 50.00%  |  validation loss 1.5000  top-1 60.00%"
                        + "  |  100 images/s  9:00 left");
    }

    @Test
    void waitingForDataIsReportedWithItsCauses() {
        progress.loaded(new LoadTimes(320, 1.28, 0.64, 12));
        seconds = 30;
        progress.batch(state(0, 10, List.of()), 20, 0);
        progress.loaded(new LoadTimes(640, 2.56, 1.28, 13)); // waited 1 s of 30
        seconds = 60;
        progress.batch(state(0, 20, List.of()), 20, 0);
        List<String> lines = err.toString().lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0))
                .contains("16 images/s  data-bound: 40% of the step (per image: decode 4.0 ms, transforms 2.0 ms)  ");
        assertThat(lines.get(1)).doesNotContain("data-bound");
    }
}
