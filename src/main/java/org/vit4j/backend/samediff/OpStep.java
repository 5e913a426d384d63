package org.vit4j.backend.samediff;

import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;

/** An op bound to its arrays. */
sealed interface OpStep {
    void run(OpExecutioner executioner);

    String op();

    /** An op with a function of its own in libnd4j. */
    record CustomOpStep(CustomOp custom, OpContext context) implements OpStep {
        @Override
        public void run(OpExecutioner executioner) {
            executioner.exec(custom, context);
        }

        @Override
        public String op() {
            return custom.opName();
        }
    }

    /** One of the older ops: element by element, or a reduction. */
    record LegacyOpStep(Op legacy, OpContext context) implements OpStep {
        @Override
        public void run(OpExecutioner executioner) {
            executioner.exec(legacy, context);
        }

        @Override
        public String op() {
            return legacy.opName();
        }
    }
}
