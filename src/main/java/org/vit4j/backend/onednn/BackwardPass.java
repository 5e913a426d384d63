package org.vit4j.backend.onednn;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/** Closures that record the backward steps of the forward steps, to be run in reverse order. */
final class BackwardPass {
    /** Minimum size of a gradient that is computed last, in sizes of its operands, which must be kept until then. */
    private static final long MIN_RATIO = 16;

    private final Deque<Runnable> actions = new ArrayDeque<>();

    /** Adds a closure for the forward steps recorded last. */
    void add(Runnable action) {
        actions.push(action);
    }

    /**
     * Runs a closure that records the gradient of a value: after all others if the value is a parameter and the operands are
     * small, as they are for the rows of class tokens. Until then the gradient's memory holds activations.
     */
    void schedule(Runnable gradient, TapeValue value, StridedArray... operands) {
        TapeValue.GradientTarget target = value.target();
        boolean parameter = target != null && target.array.buffer().isExternal();
        long bytes = Arrays.stream(operands)
                .mapToLong(operand -> operand.buffer().block().length())
                .sum();
        if (parameter && bytes * MIN_RATIO <= target.array.size() * Float.BYTES) actions.addLast(gradient);
        else gradient.run();
    }

    /** Runs all closures, also those that are added meanwhile. */
    void run() {
        while (!actions.isEmpty()) actions.pop().run();
    }

    /** Records forward steps again during {@link #run}, and returns their closures instead of running them. */
    List<Runnable> recompute(Runnable steps) {
        int before = actions.size();
        steps.run();
        List<Runnable> added = new ArrayList<>();
        while (actions.size() > before) added.add(actions.pop());
        Collections.reverse(added);
        return added;
    }

    /** Adds the closures of steps that were recorded again, once the gradient of their result is known. */
    void resume(List<Runnable> recomputed) {
        recomputed.forEach(actions::push);
    }
}
