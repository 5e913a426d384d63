package org.vit4j.optim;

import java.util.Map;
import java.util.Optional;
import org.vit4j.backend.FlatArray;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** Stochastic gradient descent with momentum, as {@code torch.optim.SGD}: weight decay is added to the gradient. */
public record Sgd(double lr, double weightDecay, double momentum, boolean nesterov) implements Optimizer {
    public Sgd {
        Optimizer.checkRates(lr, weightDecay);
        Checks.rate("momentum", momentum);
        Checks.check(!nesterov || momentum > 0, "momentum", momentum, "must be positive with nesterov: true");
    }

    /** Plain momentum. */
    public Sgd(double lr, double weightDecay, double momentum) {
        this(lr, weightDecay, momentum, false);
    }

    static Optional<Sgd> read(Section s, double scale) {
        double lr = s.doubleAt("lr", 0.1) * scale;
        double decay = s.doubleUnlessOff("weight_decay", 0);
        double momentum = s.doubleAt("momentum", 0.9);
        boolean nesterov = s.boolAt("nesterov", false);
        return s.build(() -> new Sgd(lr, decay, momentum, nesterov));
    }

    @Override
    public int arrayCount() {
        return 1;
    }

    @Override
    public OptimizerState start(FlatArray parameters, ParamGroups groups) {
        FlatArray buffer = parameters.zeros();
        return new FlatOptimizer(parameters, groups, Map.of("momentum", buffer)) {
            @Override
            protected void update(FlatArray gradient, double lr) {
                addDecay(gradient);
                buffer.multiply(momentum).add(gradient);
                if (nesterov) gradient.add(buffer, momentum);
                subtract(nesterov ? gradient : buffer, lr);
            }
        };
    }
}
