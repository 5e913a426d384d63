package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.EpochMetrics;

/** Epochs at which {@link EarlyStopping} ends a run; those with min_delta and start_from_epoch are those of Keras 3.15.1. */
class EarlyStoppingTest {
    private static final double[] TOP1 = {0.5, 0.3, 0.4, 0.405, 0.409, 0.41, 0.45, 0.451, 0.452, 0.6};

    private static int stopsAt(EarlyStopping rule) {
        List<EpochMetrics> history = new ArrayList<>();
        for (double top1 : TOP1) {
            history.add(new EpochMetrics(history.size() + 1, 0, 1, 0, 1 - top1, top1, null, null, 1, 1));
            if (rule.stopsAfter(history)) break;
        }
        return history.size();
    }

    @Test
    void withoutFurtherKeysEveryNewBestCounts() {
        assertThat(stopsAt(new EarlyStopping(3))).isEqualTo(4);
        assertThat(stopsAt(new EarlyStopping(9, BestMetric.of("loss")))).isEqualTo(10);
    }

    @Test
    void epochsBeforeTheStartAreNotWatched() {
        assertThat(stopsAt(new EarlyStopping(3, 0, 1, BestMetric.ACCURACY))).isEqualTo(10);
        assertThat(stopsAt(new EarlyStopping(2, 0, 5, BestMetric.ACCURACY))).isEqualTo(10);
    }

    @Test
    void smallImprovementsDoNotCountWithMinDelta() {
        assertThat(stopsAt(new EarlyStopping(3, 0.02, 1, BestMetric.ACCURACY))).isEqualTo(6);
        assertThat(stopsAt(new EarlyStopping(3, 0.02, 1, BestMetric.of("loss"))))
                .isEqualTo(6);
        assertThat(stopsAt(new EarlyStopping(4, 0.02, 1, BestMetric.ACCURACY))).isEqualTo(10);
        assertThat(stopsAt(new EarlyStopping(4, 0.02, 6, BestMetric.ACCURACY))).isEqualTo(10);
    }

    @Test
    void epochsAfterOneWithoutAValueImprove() {
        List<EpochMetrics> history = new ArrayList<>();
        history.add(new EpochMetrics(1, 0, 1, 0, Double.NaN, 0.9, null, null, 1, 1));
        for (double top1 : new double[] {0.3, 0.5, 0.7}) {
            history.add(new EpochMetrics(history.size() + 1, 0, 1, 0, 1 - top1, top1, null, null, 1, 1));
        }
        for (double minDelta : new double[] {0, 0.02}) {
            assertThat(new EarlyStopping(1, minDelta, 0, BestMetric.ACCURACY).stopsAfter(history))
                    .isFalse();
        }
    }

    @Test
    void keysAreReadAndChecked() {
        Config config = Config.parse("early_stop: {patience: 4, min_delta: 0.01, start_from_epoch: 3}", "test");
        assertThat(EarlyStopping.read(config.root().section("early_stop"), BestMetric.MAP))
                .hasValue(new EarlyStopping(4, 0.01, 3, BestMetric.MAP));
        Config bad = Config.parse("early_stop: {min_delta: -1}", "test");
        assertThat(EarlyStopping.read(bad.root().section("early_stop"), BestMetric.MAP))
                .isEmpty();
    }
}
