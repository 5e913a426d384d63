package org.vit4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.updaters.AdamUpdater;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.config.Section;

/** Which optimizer, with its numbers; {@link #start} makes one for a flat array of parameters. */
public sealed interface Optimizer {
    double lr();

    double weightDecay();

    State start(INDArray parameters, long decayed);

    /** An optimizer at work on one flat array, of which the first {@code decayed} elements are decayed. */
    interface State {
        /** @param gradient overwritten */
        void step(INDArray gradient, double lr);

        /** Steps done. */
        int steps();

        /** What has to be kept to go on: arrays as long as the parameters, by name. */
        Map<String, INDArray> arrays();

        /** Goes on after {@code steps} steps; the arrays were filled by the caller. */
        void resume(int steps);
    }

    static Optional<? extends Optimizer> read(Section s) {
        String name = s.has("name") ? s.wordAt("name", List.of("adamw", "sgd")) : s.stringAt("name", "adamw");
        return switch (name) {
            case "sgd" -> {
                double lr = s.doubleAt("lr", 0.1);
                double decay = s.doubleAt("weight_decay", 0);
                double momentum = s.doubleAt("momentum", 0.9);
                boolean nesterov = s.boolAt("nesterov", false);
                yield s.build(() -> new Sgd(lr, decay, momentum, nesterov));
            }
            default -> {
                double lr = s.doubleAt("lr", 1e-3);
                double decay = s.doubleAt("weight_decay", 0.05);
                List<Double> betas = s.doublesAt("betas", List.of(0.9, 0.999));
                double eps = s.doubleAt("eps", 1e-8);
                if (betas.size() != 2) s.reject("betas", "expected two numbers, got " + betas.size());
                yield s.build(() -> new AdamW(lr, decay, betas.get(0), betas.get(1), eps));
            }
        };
    }

    private static void check(boolean holds, String rule, double value) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, value));
    }

    private static INDArray zerosLike(INDArray parameters) {
        return Nd4j.zeros(parameters.dataType(), parameters.length());
    }

    /** Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101), as {@code torch.optim.AdamW}. */
    record AdamW(double lr, double weightDecay, double beta1, double beta2, double eps) implements Optimizer {
        public AdamW {
            check(lr > 0, "lr (%s) must be above 0", lr);
            check(weightDecay >= 0, "weight_decay (%s) must be at least 0", weightDecay);
            check(beta1 >= 0 && beta1 < 1, "betas[0] (%s) must be at least 0 and below 1", beta1);
            check(beta2 >= 0 && beta2 < 1, "betas[1] (%s) must be at least 0 and below 1", beta2);
            check(eps > 0, "eps (%s) must be above 0", eps);
        }

        @Override
        public State start(INDArray parameters, long decayed) {
            INDArray m = zerosLike(parameters);
            INDArray v = zerosLike(parameters);
            return new Base(parameters, decayed, Map.of("m", m, "v", v)) {
                @Override
                void update(INDArray gradient, double lr) {
                    if (weightDecay > 0 && decayed > 0) decay(1 - lr * weightDecay);
                    // ND4J adds eps before the bias correction, PyTorch after it.
                    double scaled = eps * Math.sqrt(1 - Math.pow(beta2, steps() + 1));
                    Nd4j.exec(new AdamUpdater(gradient, v, m, lr, beta1, beta2, scaled, steps()));
                    parameters.subi(gradient);
                }
            };
        }
    }

    /** Gradient descent with momentum, as {@code torch.optim.SGD}: weight decay is added to the gradient. */
    record Sgd(double lr, double weightDecay, double momentum, boolean nesterov) implements Optimizer {
        public Sgd {
            check(lr > 0, "lr (%s) must be above 0", lr);
            check(weightDecay >= 0, "weight_decay (%s) must be at least 0", weightDecay);
            check(momentum >= 0 && momentum < 1, "momentum (%s) must be at least 0 and below 1", momentum);
            check(!nesterov || momentum > 0, "nesterov needs momentum (%s) above 0", momentum);
        }

        @Override
        public State start(INDArray parameters, long decayed) {
            INDArray buffer = zerosLike(parameters);
            return new Base(parameters, decayed, Map.of("momentum", buffer)) {
                @Override
                void update(INDArray gradient, double lr) {
                    if (weightDecay > 0 && decayed > 0) {
                        first(gradient, decayed).addi(first(parameters, decayed).mul(weightDecay));
                    }
                    buffer.muli(momentum).addi(gradient);
                    INDArray direction = nesterov ? gradient.addi(buffer.mul(momentum)) : buffer;
                    parameters.subi(direction.mul(lr));
                }
            };
        }
    }

    /** The part all optimizers share: counting and keeping. */
    abstract class Base implements State {
        private final INDArray parameters;
        private final long decayed;
        private final Map<String, INDArray> arrays;
        private int steps;

        Base(INDArray parameters, long decayed, Map<String, INDArray> arrays) {
            this.parameters = parameters;
            this.decayed = decayed;
            this.arrays = new LinkedHashMap<>(new java.util.TreeMap<>(arrays));
        }

        abstract void update(INDArray gradient, double lr);

        static INDArray first(INDArray flat, long count) {
            return flat.get(NDArrayIndex.interval(0, count));
        }

        void decay(double factor) {
            first(parameters, decayed).muli(factor);
        }

        @Override
        public void step(INDArray gradient, double lr) {
            update(gradient, lr);
            steps++;
        }

        @Override
        public int steps() {
            return steps;
        }

        @Override
        public Map<String, INDArray> arrays() {
            return arrays;
        }

        @Override
        public void resume(int done) {
            steps = done;
        }
    }
}
