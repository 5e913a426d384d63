package com.example.user;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.vit4j.optim.FlatOptimizer;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroups;

/** A user's optimizer: a step along the sign of the momentum. */
record SignMomentum(double lr, double weightDecay) implements Optimizer {
    @Override
    public int arrayCount() {
        return 1;
    }

    @Override
    public OptimizerState start(INDArray parameters, ParamGroups groups) {
        INDArray momentum = parameters.like();
        return new FlatOptimizer(parameters, groups, Map.of("momentum", momentum)) {
            @Override
            protected void update(INDArray gradient, double rate) {
                decay(rate);
                momentum.muli(0.9).addi(gradient.muli(0.1));
                subtract(Transforms.sign(momentum, true), rate);
            }
        };
    }
}
