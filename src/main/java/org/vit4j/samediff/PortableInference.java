package org.vit4j.samediff;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.engine.OpTime;
import org.vit4j.engine.Program;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** Forward passes by the portable lowering. */
public final class PortableInference implements Inference {
    private final Graph graph;
    private final Lowered lowered;
    private final Map<String, Program> programs = new HashMap<>();

    public PortableInference(Graph graph, Parameters parameters) {
        this.graph = graph;
        this.lowered = Lowering.lower(graph, parameters, Lowering.Mode.INFERENCE);
    }

    @Override
    public Graph graph() {
        return graph;
    }

    @Override
    public synchronized INDArray tensor(String name, Map<String, INDArray> inputs) {
        long batch = Inference.check(graph, inputs);
        Tensor tensor = graph.tensor(name);
        String variable = lowered.variable(name).name();
        if (inputs.containsKey(variable)) return inputs.get(variable).dup('c');
        INDArray result = program(variable).run(inputs).get(variable);
        return result.dup('c').reshape('c', tensor.shape().batched(batch));
    }

    private Program program(String variable) {
        return programs.computeIfAbsent(variable, any -> new Program(lowered.sd(), List.of(variable)));
    }

    @Override
    public synchronized List<OpTime> profile(INDArray images, int runs) {
        String logits = lowered.variable(graph.outputs().get("logits").name()).name();
        return program(logits).profile(Map.of(input(), images), runs);
    }

    @Override
    public synchronized void close() {
        programs.values().forEach(Program::close);
        programs.clear();
    }
}
