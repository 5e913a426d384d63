package org.vit4j.train;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.EpochMetrics;

/**
 * {@code train.early_stop}: ends a run when validation stops improving, by the rule of {@link BestEpoch}. Depends only on
 * the finished epochs, so a resumed run stops at the same epoch.
 *
 * @param patience number of epochs without improvement
 */
public record EarlyStopping(int patience) implements Callback {
    public EarlyStopping {
        Checks.check(patience >= 1, "patience", patience, "must be at least 1");
    }

    static Optional<EarlyStopping> read(Section s) {
        int patience = s.intAt("patience", 10);
        return s.build(() -> new EarlyStopping(patience));
    }

    @Override
    public boolean stopsAfter(List<EpochMetrics> history) {
        int best = BestEpoch.of(history).map(BestEpoch::epoch).orElse(0);
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
