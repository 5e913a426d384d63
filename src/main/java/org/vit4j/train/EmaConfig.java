package org.vit4j.train;

import java.util.Locale;
import java.util.Optional;
import org.vit4j.config.Section;

/**
 * {@code train.ema}: a moving average of the weights beside them (Polyak and Juditsky 1992), by the rule of timm's {@code
 * ModelEmaV3} (v1.0): {@code average = d * average + (1 - d) * weights} after every optimizer step, and d = 0 at the first.
 *
 * @param decay d, or what it rises to
 * @param warmup whether d rises as {@code 1 - (1 + step / gamma)^-power}
 * @param minDecay d is never less while it rises
 * @param updateAfter steps at the beginning in which the average is the weights
 */
public record EmaConfig(double decay, boolean warmup, double minDecay, double gamma, double power, int updateAfter) {
    public EmaConfig {
        check(decay >= 0 && decay < 1, "decay (%s) must be at least 0 and below 1", decay);
        check(minDecay >= 0 && minDecay <= decay, "min_decay (%s) must be between 0 and decay", minDecay);
        check(gamma > 0, "warmup_gamma (%s) must be above 0", gamma);
        check(power > 0, "warmup_power (%s) must be above 0", power);
        check(updateAfter >= 0, "update_after (%s) must be at least 0", updateAfter);
    }

    static Optional<EmaConfig> read(Section s) {
        double decay = s.doubleAt("decay", 0.9999);
        boolean warmup = s.boolAt("warmup", false);
        double minDecay = s.doubleAt("min_decay", 0);
        double gamma = s.doubleAt("warmup_gamma", 1);
        double power = s.doubleAt("warmup_power", 2.0 / 3);
        int after = s.intAt("update_after", 0);
        return s.build(() -> new EmaConfig(decay, warmup, minDecay, gamma, power, after));
    }

    /** d after so many optimizer steps, from 1. */
    double at(int step) {
        int t = step - updateAfter - 1;
        if (t <= 0) return 0;
        if (!warmup) return decay;
        double rising = 1 - Math.pow(1 + t / gamma, -power);
        return Math.max(Math.min(rising, decay), minDecay);
    }

    private static void check(boolean holds, String rule, double value) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, value));
    }
}
