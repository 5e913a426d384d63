package org.vit4j.backend.onednn;

import java.util.List;

/** A step of the first run only: what it makes of weights that stay as they are serves all later runs. */
final class FirstRunStep extends KernelStep {
    private final KernelStep step;
    private boolean done;

    FirstRunStep(KernelStep step) {
        super(step.kind());
        this.step = step;
    }

    @Override
    List<StridedArray> touched() {
        return step.touched();
    }

    @Override
    List<StridedArray> kept() {
        return step.touched();
    }

    @Override
    String implementation() {
        return step.implementation();
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
