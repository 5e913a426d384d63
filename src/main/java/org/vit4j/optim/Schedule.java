package org.vit4j.optim;

import org.vit4j.metrics.ValidationMetrics;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * Learning rate as a function of the epoch, fractions included: timm's schedulers (v0.9.16), but updated every step.
 *
 * @param lr peak learning rate
 * @param warmupEpochs length of the linear warm-up from {@code warmupLr} to {@code lr}
 * @param warmupPrefix starts the decay after the warm-up; otherwise the decay counts epochs from the start of the run
 */
public record Schedule(DecaySchedule decay, double lr, double warmupEpochs, double warmupLr, boolean warmupPrefix) {
    public Schedule {
        Checks.nonNegative("warmup_epochs", warmupEpochs);
        Checks.nonNegative("warmup_lr", warmupLr);
        double minLr = decay.minLr();
        Checks.check(
                minLr >= 0 && minLr <= lr, "min_lr", minLr, "must be between 0 and the optimizer's lr (" + lr + ")");
    }

    /** @param epochs length of the run */
    public static Optional<Schedule> read(Section s, double lr, int epochs) {
        DecaySchedule.DecayName name = s.enumAt("name", DecaySchedule.DecayName.class, DecaySchedule.DecayName.COSINE);
        double warmup = s.doubleUnlessOff("warmup_epochs", 0);
        double warmupLr = s.doubleAt("warmup_lr", 1e-6);
        Optional<? extends DecaySchedule> decay = DecaySchedule.read(s, name, epochs);
        boolean prefix = s.boolAt("warmup_prefix", false);
        return s.build(() -> new Schedule(decay.orElseThrow(), lr, warmup, warmupLr, prefix));
    }

    /** Returns a copy whose warm-up lasts at most {@code epochs}. */
    public Schedule withWarmupAtMost(int epochs) {
        return new Schedule(decay, lr, Math.min(warmupEpochs, epochs), warmupLr, warmupPrefix);
    }

    /**
     * Computes the learning rate of a step.
     *
     * @param epoch epochs since the start, fractions included: step / steps per epoch
     * @param history metrics of the epochs finished before the step
     */
    public double at(double epoch, List<? extends ValidationMetrics> history) {
        if (epoch < warmupEpochs) return warmupLr + epoch * (lr - warmupLr) / warmupEpochs;
        int warmedUp = Math.min((int) Math.floor(warmupEpochs), history.size());
        return decay.at(warmupPrefix ? epoch - warmupEpochs : epoch, lr, history.subList(warmedUp, history.size()));
    }
}
