package org.vit4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.metrics.BestMetric.BestMode;
import org.vit4j.run.RunConfig;

/** {@code train.best}: the measure that selects the best epoch. */
class BestMetricTest {
    private static final List<EpochMetrics> EPOCHS = List.of(
            epoch(1, 0.5, 0.9, 0.7), epoch(2, 0.6, 1.1, 0.9), epoch(3, 0.7, 1.0, 0.8), epoch(4, 0.7, 0.95, 0.9));

    private static EpochMetrics epoch(int number, double top1, double loss, double top5) {
        return new EpochMetrics(
                number, 0.1, 1, 0.5, loss, top1, null, null, 100, 2, null, null, Map.of("val_top5", top5));
    }

    private static int best(List<EpochMetrics> epochs, BestMetric metric) {
        return BestEpoch.of(epochs, metric).orElseThrow().epoch();
    }

    @Test
    void theBestEpochFollowsMetricAndMode() {
        assertThat(best(EPOCHS, BestMetric.ACCURACY)).isEqualTo(4); // lower loss than epoch 3
        assertThat(best(EPOCHS, BestMetric.of("loss"))).isEqualTo(1);
        assertThat(best(EPOCHS, new BestMetric("loss", BestMode.MAX))).isEqualTo(2);
        assertThat(best(EPOCHS, BestMetric.of("top5"))).isEqualTo(4); // lower loss than epoch 2
        assertThat(best(EPOCHS, new BestMetric("top5", BestMode.MIN))).isEqualTo(1);
        assertThat(best(EPOCHS, BestMetric.of("ece"))).isEqualTo(1); // no epoch has it: the lowest loss
    }

    @Test
    void epochsWithoutAFiniteLossAreNotTheBestUnlessThereIsNoOther() {
        for (double loss : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            for (String name : List.of("accuracy", "loss", "top5"))
                assertNotTheBest(epoch(5, 0.99, loss, 0.99), BestMetric.of(name));
        }
    }

    @Test
    void epochsAreOrderedByValueThenByLoss() {
        EpochMetrics broken = epoch(5, 0.99, Double.NaN, 0.99);
        List<EpochMetrics> all = new ArrayList<>(EPOCHS);
        all.add(0, broken);
        assertThat(numbers(all, BestMetric.ACCURACY)).containsExactly(4, 3, 2, 1, 5);
        assertThat(numbers(all, BestMetric.of("top5"))).containsExactly(4, 2, 3, 1, 5);
        assertThat(numbers(all, BestMetric.of("loss"))).containsExactly(1, 4, 3, 2, 5);
        assertThat(numbers(all, BestMetric.of("ece"))).containsExactly(1, 4, 3, 2, 5); // no epoch has it
    }

    private static List<Integer> numbers(List<EpochMetrics> epochs, BestMetric metric) {
        return epochs.stream()
                .sorted(metric.bestFirst())
                .map(EpochMetrics::epoch)
                .toList();
    }

    private static void assertNotTheBest(EpochMetrics broken, BestMetric metric) {
        assertThat(metric.value(broken)).isNaN();
        assertThat(best(List.of(EPOCHS.get(0), broken), metric)).isEqualTo(1);
        assertThat(best(List.of(broken, EPOCHS.get(0)), metric)).isEqualTo(1);
        assertThat(best(List.of(broken), metric)).isEqualTo(5);
    }

    @Test
    void furtherMetricsAreReadFromTheFile(@TempDir Path directory) throws IOException {
        Files.writeString(MetricsFile.of(directory), MetricsFile.format(EPOCHS));
        List<EpochMetrics> read = MetricsFile.read(directory).epochs();
        assertThat(read).isEqualTo(EPOCHS);
        assertThat(best(read, BestMetric.of("top5"))).isEqualTo(4);
    }

    @Test
    void theAverageCountsWithItsOwnValue() {
        Map<String, Double> further = Map.of("val_top5", 0.7, "val_ema_top5", 0.95);
        EpochMetrics averaged = new EpochMetrics(5, 0.1, 1, 0.5, 0.5, 0.9, 0.6, 0.8, 100, 2, null, null, further);
        assertThat(averaged.averageIsBetter(BestMetric.ACCURACY)).isFalse();
        assertThat(averaged.averageIsBetter(BestMetric.of("top5"))).isTrue();
        assertThat(BestEpoch.of(List.of(EPOCHS.get(3), averaged), BestMetric.of("top5")))
                .contains(new BestEpoch(5, 0.8, 0.6, true));
    }

    @Test
    void scoresEqualScikitLearn() {
        double[][] logits = {{2, 1, 0}, {0, 1, 2}, {0, 3, 1}, {1, 0, 0}, {0, 0, 1}};
        int[] labels = {0, 0, 1, 0, 1};
        // f1_score(macro) and balanced_accuracy_score of predictions 0 2 1 0 2
        assertThat(value("f1", logits, labels)).isCloseTo(0.4888888888888889, within(1e-12));
        assertThat(value("balanced_accuracy", logits, labels)).isCloseTo(0.5833333333333333, within(1e-12));
        assertThat(value("top5", logits, labels)).isEqualTo(1);
    }

    private static double value(String word, double[][] logits, int[] labels) {
        Metric metric = ScoreMetric.named(word).orElseThrow();
        assertThat(metric.name()).isEqualTo("val_" + word);
        Metric.MetricState state = metric.start();
        state.add(logits, labels);
        return state.value();
    }

    @Test
    void theRuleIsReadFromTheConfigOfARun() {
        RunConfig config = RunConfig.open("digits-vit", List.of("train.best={metric: top1}"));
        assertThat(config.train().best()).isEqualTo(BestMetric.ACCURACY);
        assertThat(BestMetric.ofConfig(Map.of("train.best.metric", "loss", "train.best.mode", "max")))
                .isEqualTo(new BestMetric("loss", BestMode.MAX));
        assertThat(BestMetric.ofConfig(Map.of())).isEqualTo(BestMetric.ACCURACY);
    }

    @Test
    void unknownMetricsAndModesAreRejected() {
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.best.metric=top6")))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.best.metric: unknown value 'top6', did you mean 'top");
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.best={metric: loss, mode: low}")))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.best.mode: unknown value 'low'");
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.best.mode=max")))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.best.metric: is missing");
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.best.metric=map")))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.best: map is for images with several labels (data.labels)");
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.val_batch=0")))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("val_batch (0) must be at least 1");
    }
}
