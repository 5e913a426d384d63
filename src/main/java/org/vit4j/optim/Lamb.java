package org.vit4j.optim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.backend.FlatArray;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * LAMB (You et al. 2020, arXiv:1904.00962), as timm's {@code Lamb} (v0.9.16), which follows NVIDIA's. The global
 * gradient norm is first clipped to {@code maxGradNorm}. The sum of Adam's direction and the weight decay is then
 * scaled, per parameter, to the norm of the parameter (the trust ratio). Parameters without weight decay use a trust
 * ratio of 1, unless {@code alwaysAdapt}.
 *
 * @param trustClip limits the trust ratio to at most 1 (LAMBC)
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
        Optimizer.checkRates(lr, weightDecay);
        new AdamBetas(beta1, beta2);
        Checks.positive("eps", eps);
        Checks.positive("max_grad_norm", maxGradNorm);
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
    public int arrayCount() {
        return 2;
    }

    @Override
    public OptimizerState start(FlatArray parameters, ParamGroups groups) {
        Moments moments = new Moments(parameters, beta1, beta2, eps);
        return new FlatOptimizer(parameters, groups, moments.arrays()) {
            @Override
            protected void update(FlatArray gradient, double lr) {
                double norm = gradient.norm();
                if (norm > maxGradNorm) gradient.divide(norm / maxGradNorm);
                moments.direction(gradient, steps());
                forEachParameter(gradient, (range, parameter, direction) -> {
                    if (range.weightDecay() > 0) direction.add(parameter, range.weightDecay());
                });
                Map<String, Double> parameterNorms = norms(parameters);
                Map<String, Double> directionNorms = norms(gradient);
                forEachParameter(gradient, (range, parameter, direction) -> {
                    String name = range.parameter();
                    boolean adapts = range.weightDecay() > 0 || alwaysAdapt;
                    double trust = adapts ? trustRatio(parameterNorms.get(name), directionNorms.get(name)) : 1;
                    parameter.add(direction, -lr * range.lrScale() * trust);
                });
            }
        };
    }

    private double trustRatio(double parameterNorm, double directionNorm) {
        double trust = parameterNorm > 0 && directionNorm > 0 ? parameterNorm / directionNorm : 1;
        return trustClip ? Math.min(trust, 1) : trust;
    }
}
