package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Section;
import org.vit4j.metrics.ValidationMetrics;

/** Cosine decay (Loshchilov and Hutter 2017, arXiv:1608.03983), by the formula of timm's scheduler (v0.9.16). */
public record Cosine(DecayCycles cycles, double minLr) implements Schedule {
    /** Decays to 0 over this many epochs. */
    public static Cosine over(double epochs) {
        return new Cosine(DecayCycles.one(epochs), 0);
    }

    static Optional<Cosine> read(Section s, int epochs, double minLr) {
        return DecayCycles.read(s, epochs).flatMap(c -> Schedules.build(s, () -> new Cosine(c, minLr)));
    }

    @Override
    public double at(double epoch, double lr, List<? extends ValidationMetrics> history) {
        return cycles.at(epoch, lr, minLr, progress -> 0.5 * (1 + Math.cos(Math.PI * progress)));
    }
}
