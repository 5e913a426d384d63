package org.vit4j.backend.samediff;

import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;

/** An op bound to its input and output arrays. */
sealed interface OpStep {
    void run(OpExecutioner executioner);

    String op();

    /** An ND4J custom op: one with its own implementation in libnd4j. */
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

    /** An ND4J legacy op: elementwise, or a reduction. */
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
