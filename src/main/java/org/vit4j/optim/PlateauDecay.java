package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.metrics.ValidationMetrics;

/**
 * Learning rate reduction on a plateau of the validation metric, as {@code
 * torch.optim.lr_scheduler.ReduceLROnPlateau} with a relative threshold, which timm's scheduler wraps.
 *
 * <p>Stateless: the rate is computed from the metrics of the finished epochs, so a resumed run continues exactly.
 *
 * @param patience number of epochs without improvement before the rate is reduced
 * @param threshold minimum relative improvement
 * @param cooldown number of epochs after a reduction that do not count as bad
 * @param factor of each reduction
 */
public record PlateauDecay(
        int patience, double threshold, int cooldown, double factor, double minLr, PlateauMetric metric)
        implements Schedule {
    /** Metric that must improve. */
    public enum PlateauMetric {
        TOP1,
        LOSS
    }

    /** PyTorch ignores reductions smaller than this. */
    private static final double EPSILON = 1e-8;

    public PlateauDecay {
        Checks.check(patience >= 0, "patience", patience, "must be at least 0");
        Checks.nonNegative("threshold", threshold);
        Checks.check(cooldown >= 0, "cooldown", cooldown, "must be at least 0");
        Checks.check(factor > 0 && factor < 1, "decay_rate", factor, "must be in (0, 1)");
    }

    static Optional<PlateauDecay> read(Section s, int epochs, double minLr) {
        int patience = s.intAt("patience", 10);
        double threshold = s.doubleAt("threshold", 1e-4);
        int cooldown = s.intAt("cooldown", 0);
        double factor = s.doubleAt("decay_rate", 0.1);
        PlateauMetric metric = s.enumAt("metric", PlateauMetric.class, PlateauMetric.TOP1);
        return Schedules.build(s, () -> new PlateauDecay(patience, threshold, cooldown, factor, minLr, metric));
    }

    @Override
    public double at(double epoch, double lr, List<? extends ValidationMetrics> history) {
        double current = lr;
        double best = metric == PlateauMetric.TOP1 ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        int bad = 0;
        int cooldownLeft = 0;
        for (ValidationMetrics finished : history) {
            double value = metric == PlateauMetric.TOP1 ? finished.valTop1() : finished.valLoss();
            if (isBetter(value, best)) {
                best = value;
                bad = 0;
            } else {
                bad++;
            }
            if (cooldownLeft > 0) {
                cooldownLeft--;
                bad = 0;
            }
            if (bad > patience) {
                double lower = Math.max(current * factor, minLr);
                if (current - lower > EPSILON) current = lower;
                cooldownLeft = cooldown;
                bad = 0;
            }
        }
        return current;
    }

    private boolean isBetter(double value, double best) {
        return metric == PlateauMetric.TOP1 ? value > best * (1 + threshold) : value < best * (1 - threshold);
    }
}
