package org.vit4j.backend.samediff;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.CachedPlan;
import org.vit4j.backend.OpTime;

/** Static plan of a graph for one set of input shapes: a sequence of ops bound to their memory. */
final class SameDiffPlan implements CachedPlan {
    private final Map<String, INDArray> placeholders;
    private final Map<String, INDArray> shared;
    private final Map<String, INDArray> outputs;
    private final List<ResultCopy> copies;
    private final OpStep[] steps;
    private final List<INDArray> arenas;
    private final FoldedConstants folded;

    /** Copy of an output to its destination, for outputs that ops cannot write there directly. */
    record ResultCopy(INDArray from, INDArray to) {}

    /**
     * Bundles a plan made by {@link SameDiffPlanner}.
     *
     * @param placeholders arrays to which a run copies its inputs
     * @param shared constants and variables of the graph that ops are bound to
     * @param copies copies to make after a run
     * @param arenas memory of all other values except {@code folded}
     */
    SameDiffPlan(
            Map<String, INDArray> placeholders,
            Map<String, INDArray> shared,
            Map<String, INDArray> outputs,
            List<ResultCopy> copies,
            List<OpStep> steps,
            List<INDArray> arenas,
            FoldedConstants folded) {
        this.placeholders = placeholders;
        this.shared = shared;
        this.outputs = outputs;
        this.copies = copies;
        this.steps = steps.toArray(OpStep[]::new);
        this.arenas = arenas;
        this.folded = folded;
    }

    /** Returns true if the inputs have the planned shapes, and no variable was assigned another array since. */
    boolean fits(SameDiff sd, Map<String, INDArray> inputs) {
        for (Map.Entry<String, INDArray> placeholder : placeholders.entrySet()) {
            INDArray input = inputs.get(placeholder.getKey());
            if (input == null) throw missingInput(placeholder.getKey());
            if (!Arrays.equals(input.shape(), placeholder.getValue().shape())) return false;
        }
        return isCurrent(sd);
    }

    static IllegalArgumentException missingInput(String input) {
        return new IllegalArgumentException("missing input '" + input + "'");
    }

    private boolean isCurrent(SameDiff sd) {
        for (Map.Entry<String, INDArray> array : shared.entrySet()) {
            if (sd.getArrForVarName(array.getKey()) != array.getValue()) return false;
        }
        return true;
    }

    Map<String, INDArray> run(Map<String, INDArray> inputs) {
        OpExecutioner executioner = Nd4j.getExecutioner();
        setInputs(inputs);
        for (OpStep step : steps) step.run(executioner);
        for (ResultCopy copy : copies) copy.to.assign(copy.from);
        return outputs;
    }

    private void setInputs(Map<String, INDArray> inputs) {
        for (Map.Entry<String, INDArray> placeholder : placeholders.entrySet()) {
            placeholder.getValue().assign(inputs.get(placeholder.getKey()));
        }
    }

    /** Runs the plan, and adds the time of every op to {@code times}. */
    void runTimed(Map<String, INDArray> inputs, OpTime.OpTimes times) {
        OpExecutioner executioner = Nd4j.getExecutioner();
        setInputs(inputs);
        for (OpStep step : steps) {
            long start = System.nanoTime();
            step.run(executioner);
            times.add(step.op(), System.nanoTime() - start);
        }
    }

    @Override
    public long bytes() {
        long bytes = folded.bytes();
        for (INDArray arena : arenas) bytes += arena.length() * arena.dataType().width();
        return bytes;
    }

    @Override
    public void close() {
        arenas.forEach(INDArray::close);
        folded.close();
    }
}
