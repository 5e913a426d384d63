package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.metrics.ValidationMetrics;

/** Polynomial decay, by the formula of timm's scheduler (v0.9.16); power 1 is linear. */
public record Polynomial(DecayCycles cycles, double power, double minLr) implements Schedule {
    public Polynomial {
        Checks.positive("power", power);
    }

    /** Decays linearly to 0 over this many epochs. */
    public static Polynomial linear(double epochs) {
        return new Polynomial(DecayCycles.one(epochs), 1, 0);
    }

    static Optional<Polynomial> read(Section s, int epochs, double minLr) {
        double power = s.doubleAt("power", 1);
        return DecayCycles.read(s, epochs).flatMap(c -> Schedules.build(s, () -> new Polynomial(c, power, minLr)));
    }

    @Override
    public double at(double epoch, double lr, List<? extends ValidationMetrics> history) {
        return cycles.at(epoch, lr, minLr, progress -> Math.pow(1 - progress, power));
    }
}
