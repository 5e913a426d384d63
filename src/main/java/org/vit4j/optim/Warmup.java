package org.vit4j.optim;

import java.util.List;
import org.vit4j.config.Checks;
import org.vit4j.metrics.ValidationMetrics;

/**
 * Schedule with a linear warm-up, as timm's schedulers (v0.9.16), but updated every step.
 *
 * @param warmupEpochs length of the warm-up from {@code warmupLr} to the peak learning rate, or to {@link Schedule#warmedUp}
 * @param warmupPrefix starts the decay after the warm-up; otherwise the decay counts epochs from the start of the run
 */
public record Warmup(Schedule decay, double warmupEpochs, double warmupLr, boolean warmupPrefix) implements Schedule {
    public Warmup {
        Checks.nonNegative("warmup_epochs", warmupEpochs);
        Checks.nonNegative("warmup_lr", warmupLr);
    }

    @Override
    public Schedule withWarmupAtMost(int epochs) {
        return new Warmup(decay, Math.min(warmupEpochs, epochs), warmupLr, warmupPrefix);
    }

    @Override
    public double minLr() {
        return decay.minLr();
    }

    @Override
    public double at(double epoch, double lr, List<? extends ValidationMetrics> history) {
        if (epoch < warmupEpochs) {
            double end = warmupPrefix ? lr : decay.warmedUp(warmupEpochs, lr);
            return warmupLr + epoch * (end - warmupLr) / warmupEpochs;
        }
        int warmedUp = Math.min((int) Math.floor(warmupEpochs), history.size());
        return decay.at(warmupPrefix ? epoch - warmupEpochs : epoch, lr, history.subList(warmedUp, history.size()));
    }
}
