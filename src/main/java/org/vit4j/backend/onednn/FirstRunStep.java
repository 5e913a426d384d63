package org.vit4j.backend.onednn;

import java.util.List;

/** A step executed in the first run only: its result depends only on constant weights and is reused by later runs. */
final class FirstRunStep extends KernelStep {
    private final KernelStep step;
    private boolean done;

    FirstRunStep(KernelStep step) {
        super(step.kind());
        this.step = step;
    }

    @Override
    List<StridedArray> arrays() {
        return step.arrays();
    }

    @Override
    List<StridedArray> persistentArrays() {
        return step.arrays();
    }

    @Override
    String implementation() {
        return step.implementation();
    }

    @Override
    List<Primitive> primitives() {
        return step.primitives();
    }

    @Override
    void bind() {
        step.bind();
    }

    @Override
    void run() {
        if (done) return;
        step.run();
        done = true;
    }

    @Override
    public void close() {
        step.close();
    }
}
