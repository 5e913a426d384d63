package org.vit4j.backend.onednn;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Inference;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.PlanPool;
import org.vit4j.backend.Precision;
import org.vit4j.graph.Graph;
import org.vit4j.machine.CpuThreads;

/** Forward passes on the oneDNN backend. Concurrent calls share the packed weights; each runs on a plan of its own. */
public final class OneDnnInference implements Inference {
    private final Graph graph;
    private final ParameterStore parameters;
    private final Precision precision;
    private final PackedWeights packed;
    private final PlanPool<OneDnnPlan> plans = new PlanPool<>(CpuThreads.available());

    /** @param fixed whether the parameters are constant: values that depend only on them are computed once per plan */
    public OneDnnInference(Graph graph, ParameterStore parameters, boolean fixed, Precision precision) {
        this.graph = graph;
        this.parameters = parameters;
        this.precision = precision;
        this.packed = fixed ? new PackedWeights() : null;
    }

    /**
     * Runs a call on a plan of its own. Plans depend on the number of threads, from which oneDNN derives the division of
     * work and thus the order of sums.
     */
    private <T> T run(Set<String> tensors, long batch, Function<OneDnnPlan, T> call) {
        CpuThreads.limit();
        int threads = CpuThreads.current();
        return plans.run(
                threads,
                plan -> plan.batch() == batch
                        && plan.threads() == threads
                        && plan.outputs().equals(tensors),
                () -> OneDnnPlanner.inference(graph, parameters, packed, precision, batch, List.copyOf(tensors)),
                call);
    }

    @Override
    public Graph graph() {
        return graph;
    }

    @Override
    public INDArray tensor(String name, Map<String, INDArray> inputs) {
        return tensors(List.of(name), inputs).get(name);
    }

    @Override
    public Map<String, INDArray> tensors(List<String> names, Map<String, INDArray> inputs) {
        long batch = Inference.checkedBatchSize(graph, inputs);
        Set<String> computed = new LinkedHashSet<>(names);
        computed.removeAll(inputs.keySet());
        computed.forEach(graph::tensor); // throws for unknown names
        Map<String, INDArray> results = new LinkedHashMap<>();
        for (String name : names)
            if (inputs.containsKey(name)) results.put(name, inputs.get(name).dup('c'));
        if (!computed.isEmpty()) results.putAll(run(computed, batch, plan -> results(plan, computed, inputs)));
        return results;
    }

    private static Map<String, INDArray> results(OneDnnPlan plan, Set<String> names, Map<String, INDArray> inputs) {
        return plan.reading(inputs, () -> {
            plan.forward();
            Map<String, INDArray> results = new LinkedHashMap<>();
            for (String name : names) results.put(name, plan.get(name));
            return results;
        });
    }

    @Override
    public float[][] logitValues(INDArray images) {
        Map<String, INDArray> inputs = Map.of(input(), images);
        long batch = Inference.checkedBatchSize(graph, inputs);
        String logits = graph.logits().name();
        return run(
                Set.of(logits),
                batch,
                plan -> plan.reading(inputs, () -> {
                    plan.forward();
                    return plan.rows(logits);
                }));
    }

    @Override
    public List<OpTime> profile(INDArray images, int runs) {
        String logits = graph.logits().name();
        return run(Set.of(logits), images.size(0), plan -> {
            Runnable passes = () -> {
                for (int i = 0; i < runs; i++) plan.forward();
            };
            return plan.reading(Map.of(input(), images), () -> plan.profile(passes));
        });
    }

    @Override
    public void close() {
        plans.close();
        if (packed != null) packed.close();
    }
}
