package org.vit4j.optim;

import java.util.Optional;
import org.vit4j.backend.FlatArray;
import org.vit4j.config.Section;

/**
 * Adam (Kingma and Ba 2015, arXiv:1412.6980), as {@code torch.optim.Adam}: weight decay is an L2 penalty that is added
 * to the gradient and so enters the moments.
 */
public record Adam(double lr, double weightDecay, double beta1, double beta2, double eps) implements Optimizer {
    public Adam {
        AdamState.check(lr, weightDecay, beta1, beta2, eps);
    }

    /** Betas 0.9 and 0.999, eps 1e-8. */
    public Adam(double lr, double weightDecay) {
        this(lr, weightDecay, 0.9, 0.999, 1e-8);
    }

    static Optional<Adam> read(Section s, double scale) {
        return AdamState.read(s, scale, 0, Adam::new);
    }

    @Override
    public int arrayCount() {
        return 2;
    }

    @Override
    public OptimizerState start(FlatArray parameters, ParamGroups groups) {
        return new AdamState(parameters, groups, new Moments(parameters, beta1, beta2, eps)) {
            @Override
            protected void update(FlatArray gradient, double lr) {
                addDecay(gradient);
                adamStep(gradient, lr, 0);
            }
        };
    }
}
