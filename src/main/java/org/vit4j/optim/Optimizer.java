package org.vit4j.optim;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** Configuration of an optimizer; {@link #start} creates its state for a flat array of parameters. */
public sealed interface Optimizer permits AdamW, Adam, Sgd, Lamb, Lion {
    /** Peak learning rate of the schedule, already scaled by the batch size if {@code lr_base_batch} is set. */
    double lr();

    double weightDecay();

    /** Number of arrays as long as the parameters that the optimizer allocates: moments and scratch arrays. */
    int arrayCount();

    /** @param groups element range, learning rate scale and weight decay of each parameter */
    OptimizerState start(INDArray parameters, ParamGroups groups);

    /** Starts with the full learning rate for all parameters; weight decay follows the role of the parameter. */
    default OptimizerState start(ParameterStore parameters) {
        return start(parameters.trainable(), ParamGroups.of(parameters, weightDecay()));
    }

    /** State of an optimizer for one flat array of parameters. */
    interface OptimizerState {
        /** @param gradient overwritten */
        void step(INDArray gradient, double lr);

        /** Number of steps done. */
        int steps();

        /** Arrays that a checkpoint must hold, by name; each is as long as the parameters. */
        Map<String, INDArray> arrays();

        /** Continues after {@code steps} steps; the caller has filled the arrays. */
        void resume(int steps);

        /** Replaces the groups, for example when frozen parameters become trainable. */
        void setParamGroups(ParamGroups groups);
    }

    /** @param scale factor for the configured learning rate */
    static Optional<? extends Optimizer> read(Section s, double scale) {
        String name = s.has("name")
                ? s.choiceAt("name", List.of("adamw", "adam", "sgd", "lamb", "lion"))
                : s.stringAt("name", "adamw");
        return switch (name) {
            case "adam" -> Adam.read(s, scale);
            case "sgd" -> Sgd.read(s, scale);
            case "lamb" -> Lamb.read(s, scale);
            case "lion" -> Lion.read(s, scale);
            default -> AdamW.read(s, scale);
        };
    }

    /** Decay rates of the first and second moment. */
    record AdamBetas(double first, double second) {
        public AdamBetas {
            Checks.rate("betas[0]", first);
            Checks.rate("betas[1]", second);
        }

        static List<Double> read(Section s, double first, double second) {
            List<Double> betas = s.doublesAt("betas", List.of(first, second));
            if (betas.size() == 2) return betas;
            s.reject("betas", "expected two numbers, got " + betas.size());
            return List.of(first, second);
        }
    }

    /** Checks the values that all optimizers have. */
    static void checkRates(double lr, double weightDecay) {
        Checks.positive("lr", lr);
        Checks.nonNegative("weight_decay", weightDecay);
    }
}
