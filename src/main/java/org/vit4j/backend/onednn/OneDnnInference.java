package org.vit4j.backend.onednn;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Inference;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.PlanCache;
import org.vit4j.graph.Graph;
import org.vit4j.machine.CpuThreads;

/** Forward passes on the oneDNN backend. Caches the most recently used plans. */
public final class OneDnnInference implements Inference {
    private final Graph graph;
    private final ParameterStore parameters;
    private final PackedWeights packed;
    private final PlanCache<OneDnnPlan> plans = new PlanCache<>();

    /** @param fixed whether the parameters are constant: values that depend only on them are computed once per plan */
    public OneDnnInference(Graph graph, ParameterStore parameters, boolean fixed) {
        this.graph = graph;
        this.parameters = parameters;
        this.packed = fixed ? new PackedWeights() : null;
    }

    private OneDnnPlan plan(Set<String> tensors, long batch) {
        return plans.get(
                plan -> plan.batch() == batch && plan.outputs().equals(tensors),
                () -> OneDnnPlanner.inference(graph, parameters, packed, batch, List.copyOf(tensors)));
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
    public synchronized Map<String, INDArray> tensors(List<String> names, Map<String, INDArray> inputs) {
        long batch = Inference.checkedBatchSize(graph, inputs);
        CpuThreads.limit();
        Set<String> computed = new LinkedHashSet<>(names);
        computed.removeAll(inputs.keySet());
        computed.forEach(graph::tensor); // throws for unknown names
        Map<String, INDArray> results = new LinkedHashMap<>();
        for (String name : names)
            if (inputs.containsKey(name)) results.put(name, inputs.get(name).dup('c'));
        if (computed.isEmpty()) return results;
        OneDnnPlan plan = plan(computed, batch);
        inputs.forEach((input, array) -> {
            if (plan.has(input)) plan.set(input, array);
        });
        plan.forward();
        for (String name : computed) {
            results.put(
                    name, plan.get(name).reshape('c', graph.tensor(name).shape().batched(batch)));
        }
        return results;
    }

    @Override
    public synchronized List<OpTime> profile(INDArray images, int runs) {
        CpuThreads.limit();
        String logits = graph.logits().name();
        OneDnnPlan plan = plan(Set.of(logits), images.size(0));
        plan.set(input(), images);
        return plan.profile(() -> {
            for (int i = 0; i < runs; i++) plan.forward();
        });
    }

    @Override
    public synchronized void close() {
        plans.close();
        if (packed != null) packed.close();
    }
}
