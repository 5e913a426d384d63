package org.vit4j.backend.onednn;

import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.DropMaskSpecs;
import org.vit4j.graph.Tensor;

/** Dropout and its variants: products with masks, which are inputs of a training plan. */
final class DropOps {
    private final Tape tape;
    private final MatmulOps math;
    private final long batch;
    private final Map<String, StridedArray> inputs;
    private final Map<String, TapeValue> masks = new HashMap<>();

    /** @param inputs of the plan, to which masks are added */
    DropOps(Tape tape, MatmulOps math, long batch, Map<String, StridedArray> inputs) {
        this.tape = tape;
        this.math = math;
        this.batch = batch;
        this.inputs = inputs;
    }

    /** The product of x, [B, ..], and a part of the mask of a tensor, [B, N]; in inference x. */
    TapeValue drop(Tensor t, TapeValue x, UnaryOperator<TapeValue> part) {
        long[] dims = x.array().dims();
        if (!tape.isTraining()) return tape.reshape(x, dims);
        TapeValue examples = tape.reshape(x, batch, x.array().size() / batch);
        return tape.reshape(math.mul(examples, part.apply(mask(t))).setUsedOnce(true), dims);
    }

    private TapeValue mask(Tensor t) {
        DropMask mask = DropMaskSpecs.of(t).orElseThrow();
        return masks.computeIfAbsent(mask.name(), name -> {
            StridedArray array = StridedArray.temporary(batch, mask.perExample());
            inputs.put(name, array);
            return new TapeValue(array, false, -1);
        });
    }
}
