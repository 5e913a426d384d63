package com.example.user;

import java.util.Map;
import org.vit4j.backend.FlatArray;
import org.vit4j.optim.FlatOptimizer;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroups;

/** A user's optimizer: a step along the sign of the momentum. */
record SignMomentum(double lr, double weightDecay) implements Optimizer {
    @Override
    public int arrayCount() {
        return 2;
    }

    @Override
    public OptimizerState start(FlatArray parameters, ParamGroups groups) {
        FlatArray momentum = parameters.zeros();
        FlatArray sign = parameters.zeros();
        return new FlatOptimizer(parameters, groups, Map.of("momentum", momentum)) {
            @Override
            protected void update(FlatArray gradient, double rate) {
                decay(rate);
                momentum.multiply(0.9).add(gradient, 0.1);
                subtract(sign.set(momentum).sign(), rate);
            }
        };
    }
}
