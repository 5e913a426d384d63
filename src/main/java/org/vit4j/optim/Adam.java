package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * Adam (Kingma and Ba 2015, arXiv:1412.6980), as {@code torch.optim.Adam}: weight decay is an L2 penalty that is added
 * to the gradient and so enters the moments.
 */
public record Adam(double lr, double weightDecay, double beta1, double beta2, double eps) implements Optimizer {
    public Adam {
        Optimizer.checkRates(lr, weightDecay);
        new AdamBetas(beta1, beta2);
        Checks.positive("eps", eps);
    }

    static Optional<Adam> read(Section s, double scale) {
        double lr = s.doubleAt("lr", 1e-3) * scale;
        double decay = s.doubleUnlessOff("weight_decay", 0);
        List<Double> betas = AdamBetas.read(s, 0.9, 0.999);
        double eps = s.doubleAt("eps", 1e-8);
        return s.build(() -> new Adam(lr, decay, betas.get(0), betas.get(1), eps));
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
                addDecay(gradient);
                moments.direction(gradient, lr, steps());
                subtract(gradient, 1);
            }
        };
    }
}
