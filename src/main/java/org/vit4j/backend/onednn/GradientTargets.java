package org.vit4j.backend.onednn;

import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;

/** Destinations of the gradients of trainable parameters: views of one flat array. */
final class GradientTargets {
    private GradientTargets() {}

    /** @param flat laid out like {@link ParameterStore#trainable} */
    static Map<String, TapeValue.GradientTarget> of(ParameterStore parameters, INDArray flat) {
        PlannedBuffer memory = PlannedBuffer.external(flat.length(), flat.data().address());
        Map<String, TapeValue.GradientTarget> targets = new HashMap<>();
        parameters.offsets().forEach((name, from) -> {
            long[] dims = parameters.parameter(name).shape().dims().stream()
                    .mapToLong(Integer::longValue)
                    .toArray();
            targets.put(name, new TapeValue.GradientTarget(StridedArray.of(memory, from, dims)));
        });
        return targets;
    }
}
