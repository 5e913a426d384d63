package org.vit4j.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;

/** Finds where in a network something first became NaN or infinite. */
final class NonFiniteLocator {
    private NonFiniteLocator() {}

    /** The sum of numbers is a number, and anything else spoils it. */
    static boolean isFinite(INDArray array) {
        return Double.isFinite(array.sumNumber().doubleValue());
    }

    /** The first tensor that is not finite, in the order of the network; {@code step} was run and knows all of them. */
    static Optional<String> forward(Graph graph, ParameterStore parameters, GradientStep step) {
        for (Tensor t : graph.tensors()) {
            INDArray value = step.tensor(t.name());
            if (value == null || isFinite(value)) continue;
            if (t.op() instanceof Op.Input) return Optional.of("in the pictures (" + t.name() + ")");
            Optional<String> weight = t.parameters().stream()
                    .map(Parameter::name)
                    .filter(name -> !isFinite(parameters.array(name)))
                    .findFirst();
            return Optional.of("in " + t.name()
                    + weight.map(name -> ", whose weight " + name + " the step before had spoilt")
                            .orElse(""));
        }
        return Optional.empty();
    }

    /** The first weight whose gradient is not finite, on the way back through the network. */
    static Optional<String> gradient(Graph graph, GradientStep step) {
        List<Tensor> backwards = new ArrayList<>(graph.tensors());
        Collections.reverse(backwards);
        return backwards.stream()
                .flatMap(t -> t.parameters().stream())
                .filter(weight -> weight.role().trainable())
                .map(Parameter::name)
                .filter(name -> !isFinite(step.gradientOf(name)))
                .findFirst()
                .map(name -> "by " + name);
    }

    /** The first weight that is not finite. */
    static Optional<String> weight(ParameterStore parameters) {
        if (isFinite(parameters.trainable()) && isFinite(parameters.buffers())) return Optional.empty();
        return parameters.parameters().stream()
                .map(Parameter::name)
                .filter(name -> !isFinite(parameters.array(name)))
                .findFirst();
    }
}
