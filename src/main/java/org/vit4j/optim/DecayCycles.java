package org.vit4j.optim;

import java.util.Optional;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * Decay cycles (warm restarts) that divide a run.
 *
 * @param epochs total length of all cycles
 * @param count number of cycles
 * @param mul length of a cycle relative to the previous one
 * @param decay initial rate of a cycle relative to the previous one
 * @param exponent k of {@code k_decay} (arXiv:2004.05909): the shape is read at progress^k
 */
public record DecayCycles(double epochs, int count, double mul, double decay, double exponent) {
    public DecayCycles {
        Checks.check(count >= 1, "cycles", count, "must be at least 1");
        Checks.positive("cycle_mul", mul);
        Checks.check(decay > 0 && decay <= 1, "cycle_decay", decay, "must be in (0, 1]");
        Checks.positive("k_decay", exponent);
    }

    /** Cycles without {@code k_decay}. */
    public DecayCycles(double epochs, int count, double mul, double decay) {
        this(epochs, count, mul, decay, 1);
    }

    /** One cycle over the whole run. */
    static DecayCycles one(double epochs) {
        Checks.positive("epochs", epochs);
        return new DecayCycles(epochs, 1, 1, 1);
    }

    static Optional<DecayCycles> read(Section s, int epochs) {
        int count = s.intAt("cycles", 1);
        double mul = s.doubleAt("cycle_mul", 1);
        double decay = s.doubleAt("cycle_decay", 1);
        double exponent = s.doubleAt("k_decay", 1);
        return Schedules.build(s, () -> new DecayCycles(epochs, count, mul, decay, exponent));
    }

    private double length(int cycle) {
        double unit =
                IntStream.range(0, count).mapToDouble(i -> Math.pow(mul, i)).sum();
        return epochs / unit * Math.pow(mul, cycle);
    }

    /** Shape of one cycle, from 1 at progress 0 to 0 at progress 1. */
    interface DecayShape {
        double at(double progress);
    }

    double at(double epoch, double lr, double minLr, DecayShape shape) {
        double t = epoch;
        for (int i = 0; i < count; i++) {
            double length = length(i);
            if (t < length) return minLr + (lr * Math.pow(decay, i) - minLr) * shape.at(Math.pow(t / length, exponent));
            t -= length;
        }
        return minLr;
    }
}
