package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.metrics.ValidationMetrics;

/**
 * Multiplies the learning rate by {@code factor} after each milestone epoch, as {@code
 * torch.optim.lr_scheduler.MultiStepLR}. timm's scheduler does so one epoch earlier.
 */
public record MultiStepDecay(List<Double> milestones, double factor, double minLr) implements Schedule {
    public MultiStepDecay {
        milestones = List.copyOf(milestones);
        Checks.require(!milestones.isEmpty(), "milestones is missing: a list of epochs after which the rate decreases");
        Checks.check(milestones.get(0) >= 0, "milestones", milestones, "must be at least 0");
        List<Double> sorted = milestones.stream().sorted().toList();
        Checks.check(milestones.equals(sorted), "milestones", milestones, "must be in ascending order");
        Checks.check(factor > 0 && factor <= 1, "decay_rate", factor, "must be in (0, 1]");
    }

    static Optional<MultiStepDecay> read(Section s, int epochs, double minLr) {
        List<Double> milestones = s.doublesAt("milestones", List.of());
        double factor = s.doubleAt("decay_rate", 0.1);
        return Schedules.build(s, () -> new MultiStepDecay(milestones, factor, minLr));
    }

    @Override
    public double at(double epoch, double lr, List<? extends ValidationMetrics> history) {
        int passed = (int)
                milestones.stream().filter(milestone -> epoch >= milestone).count();
        return Math.max(minLr, lr * Math.pow(factor, passed));
    }
}
