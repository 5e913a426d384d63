package org.vit4j.optim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.backend.FlatArray;
import org.vit4j.config.Section;

/**
 * Lion (Chen et al. 2023, arXiv:2302.06675, algorithm 2), as google/automl and timm: a step of size {@code lr} along
 * the sign of {@code beta1 m + (1 - beta1) g}, then {@code m = beta2 m + (1 - beta2) g}; decoupled weight decay.
 */
public record Lion(double lr, double weightDecay, double beta1, double beta2) implements Optimizer {
    public Lion {
        Optimizer.checkRates(lr, weightDecay);
        new AdamBetas(beta1, beta2);
    }

    static Optional<Lion> read(Section s, double scale) {
        double lr = s.doubleAt("lr", 1e-4) * scale;
        double decay = s.doubleUnlessOff("weight_decay", 0);
        List<Double> betas = AdamBetas.read(s, 0.9, 0.99);
        return s.build(() -> new Lion(lr, decay, betas.get(0), betas.get(1)));
    }

    /** The moment and a scratch array for the direction. */
    @Override
    public int arrayCount() {
        return 2;
    }

    @Override
    public OptimizerState start(FlatArray parameters, ParamGroups groups) {
        FlatArray m = parameters.zeros();
        FlatArray direction = parameters.zeros();
        return new FlatOptimizer(parameters, groups, Map.of("m", m)) {
            @Override
            protected void update(FlatArray gradient, double lr) {
                decay(lr);
                direction.set(m).multiply(beta1).add(gradient, 1 - beta1).sign();
                m.multiply(beta2).add(gradient, 1 - beta2);
                subtract(direction, lr);
            }
        };
    }
}
