package org.vit4j.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.Checks;

/**
 * Configuration of an optimizer; {@link #start} creates its state for a flat array of parameters, usually a {@link
 * FlatOptimizer}. {@link Optimizers} lists the built-in ones.
 */
public interface Optimizer {
    /** Peak learning rate of the schedule, already scaled by the batch size if {@code lr_base_batch} is set. */
    double lr();

    double weightDecay();

    /** Number of arrays as long as the parameters that the optimizer allocates: moments and scratch arrays. */
    int arrayCount();

    /** @param groups element range, learning rate scale and weight decay of each parameter */
    OptimizerState start(FlatArray parameters, ParamGroups groups);

    /** Starts with parameters on the host. */
    default OptimizerState start(INDArray parameters, ParamGroups groups) {
        return start(FlatArray.of(parameters), groups);
    }

    /** Starts with parameters on the host and the full learning rate for all of them; weight decay follows the role of the parameter. */
    default OptimizerState start(ParameterStore parameters) {
        return start(parameters.trainable(), ParamGroups.of(parameters, weightDecay()));
    }

    /** State of an optimizer for one flat array of parameters. */
    interface OptimizerState {
        /** @param gradient overwritten */
        void step(FlatArray gradient, double lr);

        /** A step of an optimizer whose parameters are on the host. */
        default void step(INDArray gradient, double lr) {
            step(FlatArray.of(gradient), lr);
        }

        /** Number of steps done. */
        int steps();

        /** Arrays that a checkpoint must hold, by name; each is as long as the parameters. */
        Map<String, FlatArray> arrays();

        /** Continues after {@code steps} steps; the caller has filled the arrays. */
        void resume(int steps);

        /** Replaces the groups, for example when frozen parameters become trainable. */
        void setParamGroups(ParamGroups groups);
    }

    /** Checks the values that all optimizers have. */
    static void checkRates(double lr, double weightDecay) {
        Checks.positive("lr", lr);
        Checks.nonNegative("weight_decay", weightDecay);
    }
}
