package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101), as {@code torch.optim.AdamW}. */
public record AdamW(double lr, double weightDecay, double beta1, double beta2, double eps) implements Optimizer {
    public AdamW {
        Optimizer.checkRates(lr, weightDecay);
        new AdamBetas(beta1, beta2);
        Checks.positive("eps", eps);
    }

    /** AdamW with betas 0.9 and 0.999, and an eps of 1e-8. */
    public AdamW(double lr, double weightDecay) {
        this(lr, weightDecay, 0.9, 0.999, 1e-8);
    }

    static Optional<AdamW> read(Section s, double scale) {
        double lr = s.doubleAt("lr", 1e-3) * scale;
        double decay = s.doubleUnlessOff("weight_decay", 0.05);
        List<Double> betas = AdamBetas.read(s, 0.9, 0.999);
        double eps = s.doubleAt("eps", 1e-8);
        return s.build(() -> new AdamW(lr, decay, betas.get(0), betas.get(1), eps));
    }

    @Override
    public int arrayCount() {
        return 2;
    }

    @Override
    public OptimizerState start(INDArray parameters, ParamGroups groups) {
        Moments moments = new Moments(parameters, beta1, beta2, eps);
        return new FlatOptimizer(parameters, groups, moments.arrays()) {
            @Override
            void update(INDArray gradient, double lr) {
                decay(lr);
                moments.direction(gradient, lr, steps());
                subtract(gradient, 1);
            }
        };
    }
}
