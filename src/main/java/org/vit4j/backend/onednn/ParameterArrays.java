package org.vit4j.backend.onednn;

import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** The parameters of a plan, in the memory of their {@link ParameterStore}. */
final class ParameterArrays {
    private final Tape tape;
    private final ParameterStore store;
    private final Map<String, TapeValue.GradientTarget> gradients;
    private final Map<String, TapeValue> values = new HashMap<>();

    /** @param gradients destinations of the gradients of trainable parameters */
    ParameterArrays(Tape tape, ParameterStore store, Map<String, TapeValue.GradientTarget> gradients) {
        this.tape = tape;
        this.store = store;
        this.gradients = gradients;
    }

    TapeValue of(Parameter parameter) {
        return values.computeIfAbsent(parameter.name(), name -> {
            INDArray array = store.array(name);
            PlannedBuffer memory =
                    PlannedBuffer.external(array.length(), array.data().address() + array.offset() * Float.BYTES);
            boolean trains = tape.isTraining() && gradients.containsKey(name);
            TapeValue value = new TapeValue(StridedArray.of(memory, 0, dims(parameter.shape())), trains, -1);
            if (trains) value.target(gradients.get(name));
            return value;
        });
    }

    /** A parameter of a tensor by index; null if it has fewer. */
    TapeValue of(Tensor t, int index) {
        return index < t.parameters().size() ? of(t.parameters().get(index)) : null;
    }

    /** A parameter of a tensor as one row, [1, C]; null if it has fewer. */
    TapeValue row(Tensor t, int index) {
        TapeValue parameter = of(t, index);
        return parameter == null
                ? null
                : tape.reshape(parameter, 1, parameter.array().size());
    }

    static long[] dims(Shape shape) {
        return shape.dims().stream().mapToLong(Integer::longValue).toArray();
    }
}
