package org.vit4j.optim;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.Section;

/** Which optimizer, with its numbers; {@link #start} makes one for a flat array of parameters. */
public sealed interface Optimizer permits AdamW, Adam, Sgd, Lamb, Lion {
    /** Of the steps at the schedule's peak, scaled by the batch already where the config asks for that. */
    double lr();

    double weightDecay();

    /** Arrays as long as the parameters that it holds on to: moments, and what it computes in. */
    int arrays();

    /** @param slices which elements belong to which weight, and how each is treated */
    OptimizerState start(INDArray parameters, ParamGroups slices);

    /** For weights that are all treated alike, but that only some decay. */
    default OptimizerState start(ParameterStore parameters) {
        return start(parameters.trainable(), ParamGroups.of(parameters, weightDecay()));
    }

    /** An optimizer at work on one flat array. */
    interface OptimizerState {
        /** @param gradient overwritten */
        void step(INDArray gradient, double lr);

        /** Steps done. */
        int steps();

        /** What has to be kept to go on: arrays as long as the parameters, by name. */
        Map<String, INDArray> arrays();

        /** Goes on after {@code steps} steps; the arrays were filled by the caller. */
        void resume(int steps);

        /** Other weights take part from now on. */
        void setParamGroups(ParamGroups slices);
    }

    /** @param scale what the written learning rate is multiplied by */
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

    /** The two decay rates of moments. */
    record AdamBetas(double first, double second) {
        public AdamBetas {
            check(first >= 0 && first < 1, "betas[0] (%s) must be at least 0 and below 1", first);
            check(second >= 0 && second < 1, "betas[1] (%s) must be at least 0 and below 1", second);
        }

        static List<Double> read(Section s, double first, double second) {
            List<Double> betas = s.doublesAt("betas", List.of(first, second));
            if (betas.size() == 2) return betas;
            s.reject("betas", "expected two numbers, got " + betas.size());
            return List.of(first, second);
        }
    }

    static void check(boolean holds, String rule, double value) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, value));
    }

    /** What all of them ask of their numbers. */
    static void check(double lr, double weightDecay) {
        check(lr > 0, "lr (%s) must be above 0", lr);
        check(weightDecay >= 0, "weight_decay (%s) must be at least 0", weightDecay);
    }
}
