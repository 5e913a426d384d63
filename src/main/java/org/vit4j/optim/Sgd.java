package org.vit4j.optim;

import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.config.Section;

/** Gradient descent with momentum, as {@code torch.optim.SGD}: weight decay is added to the gradient. */
public record Sgd(double lr, double weightDecay, double momentum, boolean nesterov) implements Optimizer {
    public Sgd {
        Optimizer.check(lr, weightDecay);
        Optimizer.check(momentum >= 0 && momentum < 1, "momentum (%s) must be at least 0 and below 1", momentum);
        Optimizer.check(!nesterov || momentum > 0, "nesterov needs momentum (%s) above 0", momentum);
    }

    static Optional<Sgd> read(Section s, double scale) {
        double lr = s.doubleAt("lr", 0.1) * scale;
        double decay = s.doubleUnlessOff("weight_decay", 0);
        double momentum = s.doubleAt("momentum", 0.9);
        boolean nesterov = s.boolAt("nesterov", false);
        return s.build(() -> new Sgd(lr, decay, momentum, nesterov));
    }

    @Override
    public int arrays() {
        return 1;
    }

    @Override
    public OptimizerState start(INDArray parameters, ParamGroups slices) {
        INDArray buffer = FlatOptimizer.zerosLike(parameters);
        return new FlatOptimizer(parameters, slices, Map.of("momentum", buffer)) {
            @Override
            void update(INDArray gradient, double lr) {
                addDecay(gradient);
                buffer.muli(momentum).addi(gradient);
                if (nesterov) add(gradient, buffer, momentum);
                subtract(nesterov ? gradient : buffer, lr);
            }
        };
    }
}
