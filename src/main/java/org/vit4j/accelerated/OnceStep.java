package org.vit4j.accelerated;

import java.util.List;

/** A step of the first run only: what it makes of weights that stay as they are serves all later runs. */
final class OnceStep extends Step {
    private final Step step;
    private boolean done;

    OnceStep(Step step) {
        super(step.kind());
        this.step = step;
    }

    @Override
    List<Array> touched() {
        return step.touched();
    }

    @Override
    List<Array> kept() {
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
