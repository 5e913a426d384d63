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
 * the finished epochs, so a resumed run stops at the same epoch.
 *
 * @param patience number of epochs without improvement
 * @param metric measure that must improve
 */
public record EarlyStopping(int patience, BestMetric metric) implements Callback {
    public EarlyStopping {
        Checks.check(patience >= 1, "patience", patience, "must be at least 1");
    }

    /** Stops when the accuracy does not improve. */
    public EarlyStopping(int patience) {
        this(patience, BestMetric.ACCURACY);
    }

    static Optional<EarlyStopping> read(Section s, BestMetric metric) {
        int patience = s.intAt("patience", 10);
        return s.build(() -> new EarlyStopping(patience, metric));
    }

    @Override
    public boolean stopsAfter(List<EpochMetrics> history) {
        int best = BestEpoch.of(history, metric).map(BestEpoch::epoch).orElse(0);
        return shouldStop(history.size(), best);
    }

    /**
     * Returns true if none of the last {@code patience} epochs improved on the best one.
     *
     * @param done number of finished epochs
     * @param best number of the best one, from 1
     */
    boolean shouldStop(int done, int best) {
        return done - best >= patience;
    }
}
