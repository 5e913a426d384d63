package org.vit4j.optim;

import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * {@code train.ema}: exponential moving average of the weights (Polyak and Juditsky 1992), by the rule of timm's {@code
 * ModelEmaV3} (v1.0): {@code average = d * average + (1 - d) * weights} after every optimizer step, with d = 0 at the
 * first.
 *
 * @param decay d, or its maximum during warm-up
 * @param warmup increases d as {@code 1 - (1 + step / gamma)^-power}
 * @param minDecay minimum of d during warm-up
 * @param updateAfter number of initial steps in which the average equals the weights
 */
public record EmaConfig(double decay, boolean warmup, double minDecay, double gamma, double power, int updateAfter) {
    public EmaConfig {
        Checks.rate("decay", decay);
        Checks.check(
                minDecay >= 0 && minDecay <= decay,
                "min_decay",
                minDecay,
                "must be between 0 and decay (" + decay + ")");
        Checks.positive("warmup_gamma", gamma);
        Checks.positive("warmup_power", power);
        Checks.check(updateAfter >= 0, "update_after", updateAfter, "must be at least 0");
    }

    public static Optional<EmaConfig> read(Section s) {
        double decay = s.doubleAt("decay", 0.9999);
        boolean warmup = s.boolAt("warmup", false);
        double minDecay = s.doubleAt("min_decay", 0);
        double gamma = s.doubleAt("warmup_gamma", 1);
        double power = s.doubleAt("warmup_power", 2.0 / 3);
        int after = s.intAt("update_after", 0);
        return s.build(() -> new EmaConfig(decay, warmup, minDecay, gamma, power, after));
    }

    /** Decay d of an optimizer step, counted from 1. */
    public double decayAt(int step) {
        int t = step - updateAfter - 1;
        if (t <= 0) return 0;
        if (!warmup) return decay;
        double rising = 1 - Math.pow(1 + t / gamma, -power);
        return Math.max(Math.min(rising, decay), minDecay);
    }
}
