package org.vit4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;

class MetricsFileTest {
    private static final Map<String, Double> FURTHER = Map.of("worst_recall", 0.25);

    @TempDir
    Path directory;

    private static EpochMetrics epoch(int number, double top1, double loss, Double emaTop1) {
        Double emaLoss = emaTop1 == null ? null : Double.valueOf(0.5);
        return new EpochMetrics(number, 0.1, 1, 0.5, loss, top1, emaLoss, emaTop1, 100, 2, null, null, FURTHER);
    }

    @Test
    void writtenMetricsAreReadBack() throws IOException {
        List<EpochMetrics> epochs = List.of(epoch(1, 0.5, Double.NaN, null), epoch(2, 0.6, 1, 0.7));
        Files.writeString(MetricsFile.of(directory), MetricsFile.format(epochs));
        List<EpochMetrics> read = MetricsFile.read(directory).epochs();
        assertThat(read).hasSize(2);
        assertThat(read.get(0).valLoss()).isNaN();
        assertThat(read.get(0).ema()).isEmpty();
        assertThat(read.get(1).valEmaTop1()).isEqualTo(0.7);
        assertThat(read.get(1).seconds()).isEqualTo(2);
    }

    @Test
    void epochsWithoutFurtherMetricsHaveTheKeysOfTheFormat() {
        EpochMetrics plain = new EpochMetrics(1, 0.5, 1, 0.25, 2, 0, null, null, 100, 3);
        assertThat(MetricsFile.format(List.of(plain)))
                .isEqualTo(
                        "{\"epoch\":1,\"lr\":0.5,\"train_loss\":1.0,\"train_top1\":0.25,\"val_loss\":2.0,\"val_top1\":0.0,"
                                + "\"images_per_second\":100.0,\"seconds\":3.0}\n");
    }

    @Test
    void furtherMetricsSurviveJsonAndAreColumns() throws IOException {
        ObjectMapper json = new ObjectMapper();
        EpochMetrics epoch = epoch(1, 0.5, 1, null);
        assertThat(json.readValue(json.writeValueAsString(epoch), EpochMetrics.class))
                .isEqualTo(epoch);
        assertThat(MetricsFile.values(epoch))
                .containsEntry("worst_recall", 0.25)
                .doesNotContainKey("metrics");
    }

    @Test
    void damagedLinesAreReportedWithTheirNumber() throws IOException {
        Files.writeString(MetricsFile.of(directory), "{\"epoch\": 1}\n{\"val_top1\": 1}\n");
        assertThatThrownBy(() -> MetricsFile.read(directory))
                .isInstanceOf(ConfigError.class)
                .hasMessageEndingWith("metrics.jsonl:2: missing 'epoch'");
    }

    @Test
    void theBestEpochHasTheHighestAccuracyThenTheLowestLossThenTheLowestNumber() {
        assertThat(BestEpoch.of(List.of(), BestMetric.ACCURACY)).isEmpty();
        assertThat(best(epoch(1, 0.5, 1, null), epoch(2, 0.6, 2, null), epoch(3, 0.6, 1, null), epoch(4, 0.6, 1, null)))
                .isEqualTo(new BestEpoch(3, 0.6, 1, false));
        assertThat(best(epoch(1, 0.5, 1, 0.8), epoch(2, 0.7, 1, 0.6))).isEqualTo(new BestEpoch(1, 0.8, 0.5, true));
    }

    private static BestEpoch best(EpochMetrics... epochs) {
        return BestEpoch.of(List.of(epochs), BestMetric.ACCURACY).orElseThrow();
    }
}
