package org.vit4j.train;

import java.util.Locale;
import java.util.Optional;
import org.vit4j.config.Section;

/**
 * The learning rate over a run, as a function of the epoch, fractions included: timm's {@code CosineLRScheduler}
 * (v0.9.16) updated every step.
 *
 * @param epochs length of the cosine
 * @param warmupEpochs linear from {@code warmupLr}; the cosine is not shifted by it unless {@code warmupPrefix}
 */
public record Schedule(
        Name name, double lr, double epochs, double warmupEpochs, double warmupLr, double minLr, boolean warmupPrefix) {

    public enum Name {
        COSINE,
        CONSTANT
    }

    public Schedule {
        check(warmupEpochs >= 0, "warmup_epochs (%s) must be at least 0", warmupEpochs);
        check(warmupLr >= 0, "warmup_lr (%s) must be at least 0", warmupLr);
        check(minLr >= 0 && minLr <= lr, "min_lr (%s) must be between 0 and the optimizer's lr", minLr);
    }

    static Optional<Schedule> read(Section s, double lr, int epochs) {
        Name name = s.oneOf("name", Name.class, Name.COSINE);
        double warmup = s.doubleAt("warmup_epochs", 0);
        double warmupLr = s.doubleAt("warmup_lr", 1e-6);
        double minLr = s.doubleAt("min_lr", 0);
        boolean prefix = s.boolAt("warmup_prefix", false);
        return s.build(() -> new Schedule(name, lr, epochs, warmup, warmupLr, minLr, prefix));
    }

    /** The same with a warm-up that fits into the run. */
    Schedule fitted() {
        double fitting = Math.min(warmupEpochs, epochs);
        return new Schedule(name, lr, epochs, fitting, warmupLr, minLr, warmupPrefix);
    }

    /** @param epoch since the start, fractions included: step / steps an epoch */
    public double at(double epoch) {
        if (epoch < warmupEpochs) return warmupLr + epoch * (lr - warmupLr) / warmupEpochs;
        if (name == Name.CONSTANT) return lr;
        double t = warmupPrefix ? epoch - warmupEpochs : epoch;
        if (t >= epochs) return minLr;
        return minLr + 0.5 * (lr - minLr) * (1 + Math.cos(Math.PI * t / epochs));
    }

    private static void check(boolean holds, String rule, double value) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, value));
    }
}
