package org.vit4j.train;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.EpochMetrics;

/**
 * {@code train.early_stop}: ends a run when validation stops improving, by the measure of {@code train.best}. Depends only on
 * the finished epochs, so a resumed run stops at the same epoch. The keys are those of Keras' {@code EarlyStopping}.
 *
 * @param patience number of epochs without improvement
 * @param minDelta smallest change that counts as an improvement; with 0, every new best epoch does
 * @param startFromEpoch number of epochs at the start that are not watched
 * @param metric measure that must improve
 */
public record EarlyStopping(int patience, double minDelta, int startFromEpoch, BestMetric metric) implements Callback {
    public EarlyStopping {
        Checks.check(patience >= 1, "patience", patience, "must be at least 1");
        Checks.nonNegative("min_delta", minDelta);
        Checks.check(startFromEpoch >= 0, "start_from_epoch", startFromEpoch, "must be at least 0");
    }

    /** Watches all epochs, and counts every improvement. */
    public EarlyStopping(int patience, BestMetric metric) {
        this(patience, 0, 0, metric);
    }

    /** Stops when the accuracy does not improve. */
    public EarlyStopping(int patience) {
        this(patience, BestMetric.ACCURACY);
    }

    static Optional<EarlyStopping> read(Section s, BestMetric metric) {
        int patience = s.intAt("patience", 10);
        double minDelta = s.doubleAt("min_delta", 0);
        int startFromEpoch = s.intAt("start_from_epoch", 0);
        return s.build(() -> new EarlyStopping(patience, minDelta, startFromEpoch, metric));
    }

    @Override
    public boolean stopsAfter(List<EpochMetrics> history) {
        List<EpochMetrics> watched = history.subList(Math.min(startFromEpoch, history.size()), history.size());
        return watched.size() - lastImprovement(watched) >= patience;
    }

    /** Number of the last watched epoch that improved, from 1; 0 without epochs. */
    private int lastImprovement(List<EpochMetrics> watched) {
        if (watched.isEmpty()) return 0;
        if (minDelta == 0) {
            int best = BestEpoch.of(watched, metric).map(BestEpoch::epoch).orElseThrow();
            return best - watched.get(0).epoch() + 1;
        }
        int last = 1;
        double best = metric.value(watched.get(0).best(metric));
        for (int i = 1; i < watched.size(); i++) {
            double value = metric.value(watched.get(i).best(metric));
            boolean first = Double.isNaN(best) && !Double.isNaN(value);
            if (!first && !metric.improves(value, best, minDelta)) continue;
            best = value;
            last = i + 1;
        }
        return last;
    }
}
