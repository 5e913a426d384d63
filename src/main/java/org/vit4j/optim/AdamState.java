package org.vit4j.optim;

import java.util.Optional;
import org.vit4j.backend.FlatArray;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** The part that Adam and AdamW share: keys, checks and moments. They differ in the weight decay. */
abstract class AdamState extends FlatOptimizer {
    /** Constructor of an optimizer. */
    interface AdamMaker<T> {
        T make(double lr, double weightDecay, double beta1, double beta2, double eps);
    }

    private final FlatArray parameters;
    private final Moments moments;

    AdamState(FlatArray parameters, ParamGroups groups, Moments moments) {
        super(parameters, groups, moments.arrays());
        this.parameters = parameters;
        this.moments = moments;
    }

    /**
     * Updates moments and parameters.
     *
     * @param decayLr learning rate of decoupled weight decay; 0 for none
     */
    final void adamStep(FlatArray gradient, double lr, double decayLr) {
        forEachSpan((settings, part) -> {
            var step = new FlatArray.AdamStep(lr * settings.lrScale(), remaining(settings, decayLr), steps());
            part.apply(parameters)
                    .adamStep(
                            part.apply(gradient),
                            part.apply(moments.m()),
                            part.apply(moments.v()),
                            moments.settings(),
                            step);
        });
    }

    static void check(double lr, double weightDecay, double beta1, double beta2, double eps) {
        Optimizer.checkRates(lr, weightDecay);
        new AdamBetas(beta1, beta2);
        Checks.positive("eps", eps);
    }

    static <T> Optional<T> read(Section s, double scale, double defaultDecay, AdamMaker<T> maker) {
        double lr = s.doubleAt("lr", 1e-3) * scale;
        double decay = s.doubleUnlessOff("weight_decay", defaultDecay);
        var betas = AdamBetas.read(s, 0.9, 0.999);
        double eps = s.doubleAt("eps", 1e-8);
        return s.build(() -> maker.make(lr, decay, betas.get(0), betas.get(1), eps));
    }
}
