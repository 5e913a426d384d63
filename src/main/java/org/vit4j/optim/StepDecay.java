package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.metrics.ValidationMetrics;

/** Multiplies the learning rate by {@code factor} every {@code interval} epochs. */
public record StepDecay(double interval, double factor, double minLr) implements Schedule {
    public StepDecay {
        Checks.positive("decay_epochs", interval);
        Checks.check(factor > 0 && factor <= 1, "decay_rate", factor, "must be in (0, 1]");
    }

    static Optional<StepDecay> read(Section s, int epochs, double minLr) {
        double interval = s.doubleAt("decay_epochs", 90);
        double factor = s.doubleAt("decay_rate", 0.1);
        return Schedules.build(s, () -> new StepDecay(interval, factor, minLr));
    }

    @Override
    public double at(double epoch, double lr, List<? extends ValidationMetrics> history) {
        return Math.max(minLr, lr * Math.pow(factor, Math.floor(epoch / interval)));
    }
}
