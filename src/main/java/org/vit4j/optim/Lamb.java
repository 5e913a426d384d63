package org.vit4j.optim;

import java.util.List;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.config.Section;

/**
 * LAMB (You et al. 2020, arXiv:1904.00962) as timm's {@code Lamb} (v0.9.16), which follows NVIDIA's: the gradient of all
 * weights together is first scaled down to the norm {@code maxGradNorm}; Adam's direction and the decay are then scaled,
 * weight by weight, to the norm of the weight. Weights without decay take Adam's step as it is, unless {@code
 * alwaysAdapt}.
 *
 * @param trustClip whether that factor is at most 1 (LAMBC)
 */
public record Lamb(
        double lr,
        double weightDecay,
        double beta1,
        double beta2,
        double eps,
        double maxGradNorm,
        boolean trustClip,
        boolean alwaysAdapt)
        implements Optimizer {
    public Lamb {
        Optimizer.check(lr, weightDecay);
        new AdamBetas(beta1, beta2);
        Optimizer.check(eps > 0, "eps (%s) must be above 0", eps);
        Optimizer.check(maxGradNorm > 0, "max_grad_norm (%s) must be above 0", maxGradNorm);
    }

    static Optional<Lamb> read(Section s, double scale) {
        double lr = s.doubleAt("lr", 1e-3) * scale;
        double decay = s.doubleUnlessOff("weight_decay", 0.01);
        List<Double> betas = AdamBetas.read(s, 0.9, 0.999);
        double eps = s.doubleAt("eps", 1e-6);
        double norm = s.doubleAt("max_grad_norm", 1);
        boolean clip = s.boolAt("trust_clip", false);
        boolean always = s.boolAt("always_adapt", false);
        return s.build(() -> new Lamb(lr, decay, betas.get(0), betas.get(1), eps, norm, clip, always));
    }

    @Override
    public int arrays() {
        return 2;
    }

    @Override
    public OptimizerState start(INDArray parameters, ParamGroups slices) {
        Moments moments = new Moments(parameters, beta1, beta2, eps);
        return new FlatOptimizer(parameters, slices, moments.arrays()) {
            @Override
            void update(INDArray gradient, double lr) {
                double norm = gradient.norm2Number().doubleValue();
                if (norm > maxGradNorm) gradient.divi(norm / maxGradNorm);
                moments.direction(gradient, 1, steps());
                eachWeight(gradient, (slice, weight, direction) -> {
                    double decay = slice.weightDecay();
                    if (decay > 0) add(direction, weight, decay);
                    double trust = decay > 0 || alwaysAdapt ? trust(weight, direction) : 1;
                    add(weight, direction, -lr * slice.lrScale() * trust);
                });
            }
        };
    }

    private double trust(INDArray weight, INDArray direction) {
        double size = weight.norm2Number().doubleValue();
        double step = direction.norm2Number().doubleValue();
        double trust = size > 0 && step > 0 ? size / step : 1;
        return trustClip ? Math.min(trust, 1) : trust;
    }
}
