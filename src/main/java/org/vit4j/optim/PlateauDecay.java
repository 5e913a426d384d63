package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Section;

/**
 * The rate is multiplied when the validation set has not been done better on for a while, as {@code
 * torch.optim.lr_scheduler.ReduceLROnPlateau} with a relative threshold, which timm's scheduler wraps.
 *
 * <p>It has no state: what the finished epochs scored tells the rate, so a run that is resumed goes on exactly.
 *
 * @param patience epochs without progress that are put up with
 * @param threshold by which share something is better
 * @param cooldown epochs after a fall that are not counted
 */
public record PlateauDecay(
        int patience, double threshold, int cooldown, double rate, double minLr, PlateauMetric metric)
        implements DecaySchedule {
    /** What progress is measured by. */
    public enum PlateauMetric {
        TOP1,
        LOSS
    }

    /** Below this difference torch leaves a rate as it is. */
    private static final double EPSILON = 1e-8;

    public PlateauDecay {
        DecaySchedule.check(patience >= 0, "patience (%d) must be at least 0", patience);
        DecaySchedule.check(threshold >= 0, "threshold (%s) must be at least 0", threshold);
        DecaySchedule.check(cooldown >= 0, "cooldown (%d) must be at least 0", cooldown);
        DecaySchedule.check(rate > 0 && rate < 1, "decay_rate (%s) must be above 0 and below 1", rate);
    }

    static Optional<PlateauDecay> read(Section s, double minLr) {
        int patience = s.intAt("patience", 10);
        double threshold = s.doubleAt("threshold", 1e-4);
        int cooldown = s.intAt("cooldown", 0);
        double rate = s.doubleAt("decay_rate", 0.1);
        PlateauMetric metric = s.enumAt("metric", PlateauMetric.class, PlateauMetric.TOP1);
        return DecaySchedule.build(s, () -> new PlateauDecay(patience, threshold, cooldown, rate, minLr, metric));
    }

    @Override
    public double at(double t, double lr, List<? extends ValidationMetrics> seen) {
        double now = lr;
        double best = metric == PlateauMetric.TOP1 ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        int bad = 0;
        int cooling = 0;
        for (ValidationMetrics epoch : seen) {
            double value = metric == PlateauMetric.TOP1 ? epoch.valTop1() : epoch.valLoss();
            if (better(value, best)) {
                best = value;
                bad = 0;
            } else {
                bad++;
            }
            if (cooling > 0) {
                cooling--;
                bad = 0;
            }
            if (bad > patience) {
                double lower = Math.max(now * rate, minLr);
                if (now - lower > EPSILON) now = lower;
                cooling = cooldown;
                bad = 0;
            }
        }
        return now;
    }

    private boolean better(double value, double best) {
        return metric == PlateauMetric.TOP1 ? value > best * (1 + threshold) : value < best * (1 - threshold);
    }
}
