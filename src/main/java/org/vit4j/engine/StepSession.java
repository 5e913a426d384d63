package org.vit4j.engine;

import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.InferenceSession;

/** ND4J's interpreter with {@link StepMemory} below it. */
final class StepSession extends InferenceSession {
    private final StepMemory memory = new StepMemory();

    StepSession(SameDiff sd) {
        super(sd);
        setMmgr(memory);
    }

    /** Takes back every array of the step; what it gave out is overwritten by the next one. */
    void endStep() {
        memory.endStep();
        freedArrays.clear(); // grows by one id an array otherwise, for ever
    }

    long bytes() {
        return memory.bytes();
    }

    void close() {
        memory.close();
    }
}
