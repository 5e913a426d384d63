package org.vit4j.train;

import java.util.Optional;
import org.vit4j.config.Section;

/**
 * {@code train.early_stop}: a run ends when validation has not found a better epoch for a while. Told from the finished
 * epochs alone, so a resumed run stops where the other would have.
 *
 * @param patience epochs without a better one
 */
public record EarlyStopConfig(int patience) {
    public EarlyStopConfig {
        if (patience < 1) throw new IllegalArgumentException("patience (" + patience + ") must be at least 1");
    }

    static Optional<EarlyStopConfig> read(Section s) {
        int patience = s.intAt("patience", 10);
        return s.build(() -> new EarlyStopConfig(patience));
    }

    /**
     * Whether the last {@code patience} epochs brought nothing.
     *
     * @param done finished epochs
     * @param best the best of them, from 1
     */
    boolean isDue(int done, int best) {
        return done - best >= patience;
    }
}
