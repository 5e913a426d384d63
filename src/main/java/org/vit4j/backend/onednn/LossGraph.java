package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.LossInputs;
import org.vit4j.backend.samediff.CompiledGraph;
import org.vit4j.backend.samediff.SuppressedOutput;
import org.vit4j.graph.Graph;

/**
 * The loss alone, as a SameDiff graph whose placeholders are the tensors it is made of. A few operations on logits: what
 * is minimized stays free, and only the network is compiled.
 */
final class LossGraph implements LossInputs, AutoCloseable {
    private final SameDiff sd = SameDiff.create();
    private final Graph graph;
    private final Map<String, SDVariable> placeholders = new LinkedHashMap<>();
    private final Map<String, String> gradients = new LinkedHashMap<>();
    private final String loss;
    private final CompiledGraph program;

    LossGraph(Graph graph, Function<LossInputs, SDVariable> maker) {
        this.graph = graph;
        SDVariable made = maker.apply(this);
        this.loss = made.name();
        sd.setLossVariables(loss);
        SuppressedOutput.run(() -> sd.createGradFunction(placeholders.keySet().toArray(String[]::new)));
        List<String> outputs = new ArrayList<>(List.of(loss));
        placeholders.forEach((tensor, placeholder) -> {
            SDVariable gradient = placeholder.getGradient();
            if (gradient == null) return;
            gradients.put(tensor, gradient.name());
            outputs.add(gradient.name());
        });
        this.program = new CompiledGraph(sd.getFunction("grad"), outputs);
    }

    @Override
    public SameDiff sd() {
        return sd;
    }

    @Override
    public Graph graph() {
        return graph;
    }

    @Override
    public SDVariable variable(String tensor) {
        return placeholders.computeIfAbsent(
                tensor,
                name -> sd.placeHolder(
                        name, DataType.FLOAT, graph.tensor(name).shape().batched(-1)));
    }

    /** The tensors the loss depends on. */
    List<String> tensors() {
        return List.copyOf(gradients.keySet());
    }

    /** Also those it was made of without a gradient. */
    List<String> read() {
        return List.copyOf(placeholders.keySet());
    }

    /** Loss and gradients; see {@link #loss(Map)} and {@link #gradient}. */
    Map<String, INDArray> run(Map<String, INDArray> inputs) {
        return program.run(inputs);
    }

    /** Whether the loss has a placeholder of that name. */
    boolean wants(String input) {
        return sd.hasVariable(input);
    }

    double loss(Map<String, INDArray> out) {
        return out.get(loss).getDouble(0);
    }

    INDArray gradient(Map<String, INDArray> out, String tensor) {
        return out.get(gradients.get(tensor));
    }

    @Override
    public void close() {
        program.close();
    }
}
