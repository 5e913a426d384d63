package org.vit4j.backend.samediff;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.PlanCache;

/**
 * A SameDiff graph compiled to static plans, which run without allocating memory. Not thread-safe.
 *
 * <p>A plan is made for each new set of input shapes: ND4J's interpreter determines the order of ops and all shapes,
 * then every op is bound once to its part of a single arena. A run executes the ops only; results equal the
 * interpreter's bit for bit. Variables may change in place between runs, constants must not. Graphs that cannot be
 * planned are rejected: loops, branches, random numbers, shapes that depend on values.
 */
public final class CompiledGraph implements AutoCloseable {
    private final SameDiff sd;
    private final List<String> outputs;
    private final Map<String, INDArray> destinations;
    private final PlanCache<SameDiffPlan> plans = new PlanCache<>();

    /** @param outputs names of the SameDiff variables to compute */
    public CompiledGraph(SameDiff sd, List<String> outputs) {
        this(sd, outputs, Map.of());
    }

    /** @param destinations dense arrays for some of the outputs, by name */
    public CompiledGraph(SameDiff sd, List<String> outputs, Map<String, INDArray> destinations) {
        this.sd = sd;
        this.outputs = List.copyOf(new LinkedHashSet<>(outputs));
        this.destinations = Map.copyOf(destinations);
    }

    /**
     * Computes the outputs, by name. They are read-only (they may share memory) and are overwritten by the next run.
     *
     * @throws IllegalStateException if the graph has an op that a static plan cannot contain
     */
    public Map<String, INDArray> run(Map<String, INDArray> placeholders) {
        return plan(placeholders).run(placeholders);
    }

    /** Time per kind of op over {@code runs} runs, largest first. */
    public List<OpTime> profile(Map<String, INDArray> placeholders, int runs) {
        SameDiffPlan plan = plan(placeholders);
        OpTime.OpTimes times = new OpTime.OpTimes();
        for (int i = 0; i < runs; i++) plan.runTimed(placeholders, times);
        return times.sorted();
    }

    private SameDiffPlan plan(Map<String, INDArray> placeholders) {
        return plans.get(
                plan -> plan.fits(sd, placeholders),
                () -> SameDiffPlanner.plan(sd, outputs, destinations, placeholders));
    }

    /** Bytes of memory of all cached plans, without the graph's variables and constants. */
    public long bytes() {
        return plans.bytes();
    }

    @Override
    public void close() {
        plans.close();
    }
}
