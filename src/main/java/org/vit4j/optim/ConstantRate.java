package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Section;
import org.vit4j.metrics.ValidationMetrics;

/**
 * Learning rate that does not change.
 *
 * @param minLr ignored; accepted so that a config can switch between schedules
 */
public record ConstantRate(double minLr) implements Schedule {
    static Optional<ConstantRate> read(Section s, int epochs, double minLr) {
        return Optional.of(new ConstantRate(minLr));
    }

    @Override
    public double at(double epoch, double lr, List<? extends ValidationMetrics> history) {
        return lr;
    }
}
