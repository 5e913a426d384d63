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

/** Finds the first NaN or infinite tensor, gradient or parameter of a network. */
final class NonFiniteLocator {
    private NonFiniteLocator() {}

    /** Returns true if the sum is finite; any NaN or infinite element makes the sum non-finite. */
    static boolean isFinite(INDArray array) {
        return Double.isFinite(array.sumNumber().doubleValue());
    }

    /** First tensor that is not finite, in graph order; {@code step} has run and returns all tensors. */
    static Optional<String> forward(Graph graph, ParameterStore parameters, GradientStep step) {
        for (Tensor t : graph.tensors()) {
            INDArray value = step.tensor(t.name());
            if (value == null || isFinite(value)) continue;
            if (t.op() instanceof Op.Input) return Optional.of("in the input images (" + t.name() + ")");
            Optional<String> parameter = t.parameters().stream()
                    .map(Parameter::name)
                    .filter(name -> !isFinite(parameters.array(name)))
                    .findFirst();
            return Optional.of("in " + t.name()
                    + parameter
                            .map(name -> ", whose parameter " + name + " is NaN or infinite since the previous step")
                            .orElse(""));
        }
        return Optional.empty();
    }

    /** First parameter whose gradient is not finite, in reverse graph order. */
    static Optional<String> gradient(Graph graph, GradientStep step) {
        List<Tensor> reversed = new ArrayList<>(graph.tensors());
        Collections.reverse(reversed);
        return reversed.stream()
                .flatMap(t -> t.parameters().stream())
                .filter(parameter -> parameter.role().trainable())
                .map(Parameter::name)
                .filter(name -> !isFinite(step.gradientOf(name)))
                .findFirst()
                .map(name -> "in the gradient of " + name);
    }

    /** First parameter or buffer that is not finite. */
    static Optional<String> weight(ParameterStore parameters) {
        if (isFinite(parameters.trainable()) && isFinite(parameters.buffers())) return Optional.empty();
        return parameters.parameters().stream()
                .map(Parameter::name)
                .filter(name -> !isFinite(parameters.array(name)))
                .findFirst();
    }
}
