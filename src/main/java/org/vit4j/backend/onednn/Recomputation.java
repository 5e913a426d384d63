package org.vit4j.backend.onednn;

import java.util.function.Consumer;

/**
 * Cheap steps whose result the backward pass computes again, so that the forward pass need not keep it. Their operands must be
 * kept for the backward pass in any case.
 */
final class Recomputation {
    private final StridedArray result;
    private final Consumer<StridedArray> steps;
    private PlannedBuffer recomputed;

    /**
     * @param result of the forward pass; fills its buffer
     * @param steps records steps that write the same values to an array of equal layout
     */
    Recomputation(StridedArray result, Consumer<StridedArray> steps) {
        this.result = result;
        this.steps = steps;
    }

    /** The recomputed result; records the steps at the first call, in the backward pass. */
    PlannedBuffer buffer() {
        if (recomputed == null) {
            StridedArray again = result.in(PlannedBuffer.temporary(result.type(), result.size()));
            steps.accept(again);
            recomputed = again.buffer();
        }
        return recomputed;
    }
}
