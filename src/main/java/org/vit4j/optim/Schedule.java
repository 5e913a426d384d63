package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Section;

/**
 * The learning rate over a run, as a function of the epoch, fractions included: timm's schedulers (v0.9.16), but updated
 * every step.
 *
 * @param lr the highest one
 * @param warmupEpochs linear from {@code warmupLr}; what follows is not shifted by it unless {@code warmupPrefix}
 */
public record Schedule(DecaySchedule decay, double lr, double warmupEpochs, double warmupLr, boolean warmupPrefix) {
    public Schedule {
        DecaySchedule.check(warmupEpochs >= 0, "warmup_epochs (%s) must be at least 0", warmupEpochs);
        DecaySchedule.check(warmupLr >= 0, "warmup_lr (%s) must be at least 0", warmupLr);
        double minLr = decay.minLr();
        DecaySchedule.check(
                minLr >= 0 && minLr <= lr, "min_lr (%s) must be between 0 and the optimizer's lr (%s)", minLr, lr);
    }

    /** @param epochs of the run */
    public static Optional<Schedule> read(Section s, double lr, int epochs) {
        DecaySchedule.DecayName name = s.enumAt("name", DecaySchedule.DecayName.class, DecaySchedule.DecayName.COSINE);
        double warmup = s.doubleUnlessOff("warmup_epochs", 0);
        double warmupLr = s.doubleAt("warmup_lr", 1e-6);
        Optional<? extends DecaySchedule> decay = DecaySchedule.read(s, name, epochs);
        boolean prefix = s.boolAt("warmup_prefix", false);
        return s.build(() -> new Schedule(decay.orElseThrow(), lr, warmup, warmupLr, prefix));
    }

    /** The same with a warm-up that fits into a run. */
    public Schedule fitted(int epochs) {
        return new Schedule(decay, lr, Math.min(warmupEpochs, epochs), warmupLr, warmupPrefix);
    }

    /**
     * The rate of a step.
     *
     * @param epoch since the start, fractions included: step / steps an epoch
     * @param history the finished epochs before it
     */
    public double at(double epoch, List<? extends ValidationMetrics> history) {
        if (epoch < warmupEpochs) return warmupLr + epoch * (lr - warmupLr) / warmupEpochs;
        int warm = Math.min((int) Math.floor(warmupEpochs), history.size());
        return decay.at(warmupPrefix ? epoch - warmupEpochs : epoch, lr, history.subList(warm, history.size()));
    }
}
