package org.vit4j.optim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.same.Sign;
import org.nd4j.linalg.factory.Nd4j;
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
    public OptimizerState start(INDArray parameters, ParamGroups groups) {
        INDArray m = FlatOptimizer.zerosLike(parameters);
        INDArray direction = FlatOptimizer.zerosLike(parameters);
        return new FlatOptimizer(parameters, groups, Map.of("m", m)) {
            @Override
            protected void update(INDArray gradient, double lr) {
                decay(lr);
                direction.assign(m).muli(beta1);
                add(direction, gradient, 1 - beta1);
                Nd4j.exec(new Sign(direction, direction));
                m.muli(beta2);
                add(m, gradient, 1 - beta2);
                subtract(direction, lr);
            }
        };
    }
}
