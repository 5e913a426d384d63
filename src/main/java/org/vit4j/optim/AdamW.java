package org.vit4j.optim;

import java.util.Optional;
import org.vit4j.backend.FlatArray;
import org.vit4j.config.Section;

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101), as {@code torch.optim.AdamW}. */
public record AdamW(double lr, double weightDecay, double beta1, double beta2, double eps) implements Optimizer {
    public AdamW {
        AdamState.check(lr, weightDecay, beta1, beta2, eps);
    }

    /** Betas 0.9 and 0.999, eps 1e-8. */
    public AdamW(double lr, double weightDecay) {
        this(lr, weightDecay, 0.9, 0.999, 1e-8);
    }

    static Optional<AdamW> read(Section s, double scale) {
        return AdamState.read(s, scale, 0.05, AdamW::new);
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
                adamStep(gradient, lr, lr);
            }
        };
    }
}
