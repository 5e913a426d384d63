package org.vit4j.backend.onednn;

import java.util.function.Function;

/**
 * A cheap step whose result the backward pass computes again, so that the forward pass need not keep it. Its operands must be
 * kept for the backward pass in any case.
 */
final class Recomputation {
    private final StridedArray result;
    private final Function<StridedArray, KernelStep> step;
    private PlannedBuffer recomputed;

    /**
     * @param result of the forward pass; fills its buffer
     * @param step that writes the same values to an array of equal layout
     */
    Recomputation(StridedArray result, Function<StridedArray, KernelStep> step) {
        this.result = result;
        this.step = step;
    }

    /** The recomputed result; records the step at the first call, in the backward pass. */
    PlannedBuffer buffer(Tape tape) {
        if (recomputed == null) {
            StridedArray again = result.in(PlannedBuffer.temporary(result.type(), result.size()));
            tape.emit(step.apply(again));
            recomputed = again.buffer();
        }
        return recomputed;
    }
}
