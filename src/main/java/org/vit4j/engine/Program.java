package org.vit4j.engine;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A SameDiff graph and what is wanted from it, run step after step without fresh memory. For one thread.
 *
 * <p>Any batch size runs; each size keeps its own arrays until {@link #close}.
 */
public final class Program implements AutoCloseable {
    private final StepSession session;
    private final List<String> outputs;

    /** @param outputs names of SameDiff variables */
    public Program(SameDiff sd, List<String> outputs) {
        this.session = new StepSession(sd);
        this.outputs = List.copyOf(new LinkedHashSet<>(outputs));
    }

    /** The outputs by name. The arrays belong to the program and are overwritten by the next run: copy what must last. */
    public Map<String, INDArray> run(Map<String, INDArray> placeholders) {
        session.endStep();
        At at = At.defaultAt(Operation.INFERENCE);
        return session.output(outputs, placeholders, null, Collections.emptyList(), Collections.emptyList(), at);
    }

    public long bytes() {
        return session.bytes();
    }

    @Override
    public void close() {
        session.close();
    }
}
