package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.OpTime;

/**
 * A SameDiff graph and what is wanted from it, run step after step without fresh memory. For one thread.
 *
 * <p>Inputs of new shapes are planned first: ND4J's interpreter tells the order and the shapes, and every op is bound
 * once to places in one stretch of memory. A run is then nothing but the ops, with the bits of the interpreter. Variables
 * may change in place between runs, constants may not. What a plan cannot hold (loops, branches, random numbers, shapes
 * that depend on values) is refused.
 */
public final class CompiledGraph implements AutoCloseable {
    /** Shapes of inputs that are remembered: full batches, a shorter last one, a single image, and one to spare. */
    private static final int PLANS = 4;

    private final SameDiff sd;
    private final List<String> outputs;
    private final Map<String, INDArray> into;
    private final List<SameDiffPlan> plans = new ArrayList<>(); // the one used last in front

    /** @param outputs names of SameDiff variables */
    public CompiledGraph(SameDiff sd, List<String> outputs) {
        this(sd, outputs, Map.of());
    }

    /** @param into dense arrays that some of the outputs are written to */
    public CompiledGraph(SameDiff sd, List<String> outputs, Map<String, INDArray> into) {
        this.sd = sd;
        this.outputs = List.copyOf(new LinkedHashSet<>(outputs));
        this.into = Map.copyOf(into);
    }

    /**
     * The outputs by name, to be read only: they may share memory with each other. They belong to the program and are
     * overwritten by the next run: copy what must last.
     *
     * @throws IllegalStateException when the graph has an op of which one execution tells nothing about the next
     */
    public Map<String, INDArray> run(Map<String, INDArray> placeholders) {
        return plan(placeholders).run(placeholders);
    }

    /** What each kind of op costs in so many runs, the dearest first. */
    public List<OpTime> profile(Map<String, INDArray> placeholders, int runs) {
        SameDiffPlan plan = plan(placeholders);
        OpTime.OpTimes times = new OpTime.OpTimes();
        for (int i = 0; i < runs; i++) plan.time(placeholders, times);
        return times.sorted();
    }

    private SameDiffPlan plan(Map<String, INDArray> placeholders) {
        for (int i = 0; i < plans.size(); i++) {
            SameDiffPlan plan = plans.get(i);
            if (!plan.fits(sd, placeholders)) continue;
            if (i > 0) plans.add(0, plans.remove(i));
            return plan;
        }
        // First, so that the old memory is free before the new one is needed.
        if (plans.size() == PLANS) plans.remove(PLANS - 1).close();
        SameDiffPlan plan = SameDiffPlanner.plan(sd, outputs, into, placeholders);
        plans.add(0, plan);
        return plan;
    }

    /** Memory that the plans hold now, without the graph's variables and constants. */
    public long bytes() {
        return plans.stream().mapToLong(SameDiffPlan::bytes).sum();
    }

    @Override
    public void close() {
        plans.forEach(SameDiffPlan::close);
        plans.clear();
    }
}
