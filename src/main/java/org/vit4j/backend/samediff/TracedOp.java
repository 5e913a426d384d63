package org.vit4j.backend.samediff;

import java.util.List;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * An op as the interpreter executed it.
 *
 * @param inputs names of the variables that it gets as arrays
 */
record TracedOp(DifferentialFunction op, List<String> inputs, List<TracedResult> results) {
    /** @param shape all results are dense and in 'c' order */
    record TracedResult(String name, DataType type, long... shape) {}
}
