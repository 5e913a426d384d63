package org.vit4j.backend.onednn;

import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/** An input of a plan, which kernels read from the memory of the plan, or from that of the caller. */
final class PlanInput {
    private final StridedArray array;
    private final List<Primitive> readers;
    private final boolean movable;

    /**
     * @param steps of the plan, with addresses
     * @param outputs of the plan; views of the input can only be read from the memory of the plan
     */
    PlanInput(StridedArray array, List<KernelStep> steps, Collection<StridedArray> outputs) {
        PlannedBuffer buffer = array.buffer();
        List<KernelStep> users = steps.stream()
                .filter(step -> step.arrays().stream().anyMatch(used -> used.buffer() == buffer))
                .toList();
        this.array = array;
        this.readers = users.stream().flatMap(step -> readers(step, buffer)).toList();
        this.movable = buffer.isInput()
                && outputs.stream().noneMatch(output -> output.buffer() == buffer)
                && users.stream()
                        .allMatch(step -> readers(step, buffer).findAny().isPresent());
    }

    private static Stream<Primitive> readers(KernelStep step, PlannedBuffer buffer) {
        return step.primitives().stream().filter(primitive -> primitive.reads(buffer));
    }

    /** Returns true if the input can be read from other memory than that of the plan. */
    boolean isMovable() {
        return movable;
    }

    /** Lets later runs read the input from floats at an address. */
    void readFrom(long address) {
        readers.forEach(primitive -> primitive.readInput(array.buffer(), address));
    }

    /** Lets later runs read the input from the memory of the plan. */
    void readFromPlan() {
        readFrom(array.address());
    }
}
