package org.vit4j.backend.samediff;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.PlanPool;
import org.vit4j.graph.Graph;
import org.vit4j.machine.CpuThreads;

/** Forward passes on the SameDiff backend. */
public final class SameDiffInference implements Inference {
    private final Graph graph;
    private final SameDiffGraph lowered;
    private final Map<List<String>, CompiledGraph> compiledGraphs = new HashMap<>();
    private boolean closed;

    public SameDiffInference(Graph graph, ParameterStore parameters) {
        this.graph = graph;
        this.lowered = SameDiffLowering.lower(graph, parameters, Mode.INFERENCE);
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
        Map<String, String> variables = new LinkedHashMap<>();
        for (String name : names) variables.put(name, lowered.variable(name).name());
        Set<String> computed = new LinkedHashSet<>(variables.values()); // tensors may share a variable
        computed.removeAll(inputs.keySet());
        Map<String, INDArray> out = computed.isEmpty()
                ? Map.of()
                : compiledGraph(List.copyOf(computed)).run(inputs);
        Map<String, INDArray> results = new LinkedHashMap<>();
        variables.forEach((name, variable) -> {
            INDArray result = inputs.containsKey(variable) ? inputs.get(variable) : out.get(variable);
            long[] shape = graph.tensor(name).shape().batched(batch);
            results.put(name, result.dup('c').reshape('c', shape));
        });
        return results;
    }

    private CompiledGraph compiledGraph(List<String> variables) {
        if (closed) throw PlanPool.closedException();
        return compiledGraphs.computeIfAbsent(variables, any -> new CompiledGraph(lowered.sd(), variables));
    }

    @Override
    public synchronized List<OpTime> profile(INDArray images, int runs) {
        CpuThreads.limit();
        String logits = lowered.variable(graph.logits().name()).name();
        return compiledGraph(List.of(logits)).profile(Map.of(input(), images), runs);
    }

    @Override
    public synchronized void close() {
        closed = true;
        compiledGraphs.values().forEach(CompiledGraph::close);
        compiledGraphs.clear();
    }
}
