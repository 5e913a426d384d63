package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Section;
import org.vit4j.metrics.ValidationMetrics;

/**
 * Hyperbolic tangent decay (Hsueh et al. 2018, arXiv:1806.01593), by the formula of timm's {@code TanhLRScheduler} with its
 * bounds -7 and 3: flat at the start, steep around 70% of a cycle.
 */
public record TanhDecay(DecayCycles cycles, double minLr) implements Schedule {
    private static final double LOWER = -7;
    private static final double UPPER = 3;

    static Optional<TanhDecay> read(Section s, int epochs, double minLr) {
        return DecayCycles.read(s, epochs).flatMap(c -> Schedules.build(s, () -> new TanhDecay(c, minLr)));
    }

    /** The rate of this schedule after the warm-up, as in timm; the peak if the warm-up fills the run. */
    @Override
    public double warmedUp(double epochs, double lr) {
        return epochs < cycles.epochs() ? at(epochs, lr, List.of()) : lr;
    }

    @Override
    public double at(double epoch, double lr, List<? extends ValidationMetrics> history) {
        return cycles.at(
                epoch, lr, minLr, progress -> 0.5 * (1 - Math.tanh(LOWER * (1 - progress) + UPPER * progress)));
    }
}
