package org.vit4j.train;

import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * {@code train.early_stop}: ends a run when validation stops improving. Depends only on the finished epochs, so a
 * resumed run stops at the same epoch.
 *
 * @param patience number of epochs without improvement
 */
public record EarlyStopConfig(int patience) {
    public EarlyStopConfig {
        Checks.check(patience >= 1, "patience", patience, "must be at least 1");
    }

    static Optional<EarlyStopConfig> read(Section s) {
        int patience = s.intAt("patience", 10);
        return s.build(() -> new EarlyStopConfig(patience));
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
