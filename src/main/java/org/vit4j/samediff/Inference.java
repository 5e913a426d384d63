package org.vit4j.samediff;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.engine.Program;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** Forward passes of a graph over live parameters. Calls from several threads wait for each other. */
public final class Inference implements AutoCloseable {
    private final Graph graph;
    private final Lowered lowered;
    private final Map<String, Program> programs = new HashMap<>();

    public Inference(Graph graph, Parameters parameters) {
        this.graph = graph;
        this.lowered = Lowering.lower(graph, parameters, Lowering.Mode.INFERENCE);
    }

    /** [B, H, W, C] -> [B, K]; the result is the caller's. */
    public INDArray logits(INDArray images) {
        return tensor(graph.outputs().get("logits").name(), images);
    }

    /**
     * Any tensor of the graph, [B, ..]; the result is the caller's.
     *
     * @throws IllegalArgumentException when the graph has no tensor of that name, or the images have another shape
     */
    public INDArray tensor(String name, INDArray images) {
        return tensor(name, Map.of(lowered.inputs().get(0), images));
    }

    /** The same for a graph of several inputs, by name. */
    public synchronized INDArray tensor(String name, Map<String, INDArray> inputs) {
        long batch = inputs.values().iterator().next().size(0);
        inputs.forEach((input, array) -> check(input, array, batch));
        Tensor tensor = graph.tensor(name);
        String variable = lowered.variable(name).name();
        if (inputs.containsKey(variable)) return inputs.get(variable).dup('c');
        Program program = programs.computeIfAbsent(variable, any -> new Program(lowered.sd(), List.of(variable)));
        INDArray result = program.run(inputs).get(variable);
        return result.dup('c').reshape('c', tensor.shape().batched(batch));
    }

    private void check(String input, INDArray array, long batch) {
        long[] expected = graph.tensor(input).shape().batched(batch);
        if (java.util.Arrays.equals(expected, array.shape())) return;
        throw new IllegalArgumentException(input + ": expected " + java.util.Arrays.toString(expected) + ", got "
                + java.util.Arrays.toString(array.shape()));
    }

    @Override
    public synchronized void close() {
        programs.values().forEach(Program::close);
        programs.clear();
    }
}
