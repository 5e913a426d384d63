package org.vit4j.backend.samediff;

import java.util.List;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * An op in the order of execution, as traced.
 *
 * @param inputs names of the variables that the op reads as arrays
 */
record TracedOp(DifferentialFunction op, List<String> inputs, List<TracedResult> results) {
    /**
     * A result of an op: a dense array in 'c' order.
     *
     * @param name name of the variable
     */
    record TracedResult(String name, DataType type, long... shape) {}
}
