package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.LossInputs;
import org.vit4j.graph.Graph;

/**
 * The loss as a separate SameDiff graph whose placeholders are the tensors of the network that it reads. Any loss can
 * be used: the network runs on another backend, the few operations of the loss run on ND4J.
 */
public final class LossGraph implements LossInputs, AutoCloseable {
    private final SameDiff sd = SameDiff.create();
    private final Graph graph;
    private final Map<String, SDVariable> placeholders = new LinkedHashMap<>();
    private final Map<String, String> gradients = new LinkedHashMap<>();
    private final String loss;
    private final CompiledGraph compiled;

    public LossGraph(Graph graph, Function<LossInputs, SDVariable> function) {
        this.graph = graph;
        SDVariable scalar = checked(function.apply(this));
        this.loss = scalar.name();
        Map<String, SDVariable> all = ReverseDifferentiation.gradients(scalar, placeholders.keySet());
        List<String> outputs = new ArrayList<>(List.of(loss));
        for (String tensor : placeholders.keySet()) {
            if (!all.containsKey(tensor)) continue;
            gradients.put(tensor, all.get(tensor).name());
            outputs.add(gradients.get(tensor));
        }
        if (gradients.isEmpty())
            throw new IllegalArgumentException("the loss " + loss
                    + " has no gradient: it depends on no output of the network by floating-point operations");
        this.compiled = new CompiledGraph(sd, outputs);
    }

    /** The variable of a loss, which exists and depends on the network. */
    @SuppressWarnings("ReferenceEquality") // equal graphs are not the same graph
    private SDVariable checked(SDVariable variable) {
        if (variable == null) throw new IllegalArgumentException("the loss is null; return the variable to minimize");
        if (variable.getSameDiff() != sd)
            throw new IllegalArgumentException("the loss " + variable.name()
                    + " belongs to another SameDiff graph; use that of the network's outputs");
        if (placeholders.isEmpty())
            throw new IllegalArgumentException("the loss " + variable.name() + " reads no output of the network");
        return variable;
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

    /** Tensors of the network that the loss has a gradient for. */
    public List<String> differentiableTensors() {
        return List.copyOf(gradients.keySet());
    }

    /** All tensors of the network that the loss reads. */
    public List<String> tensors() {
        return List.copyOf(placeholders.keySet());
    }

    /** Computes loss and gradients; see {@link #loss(Map)} and {@link #gradient}. */
    public Map<String, INDArray> run(Map<String, INDArray> inputs) {
        try {
            return compiled.run(inputs);
        } catch (RuntimeException e) {
            checkScalar(inputs);
            throw e;
        }
    }

    /** Gradients of a loss that is not a scalar fail in ND4J, with messages about its shapes. */
    private void checkScalar(Map<String, INDArray> inputs) {
        try (CompiledGraph forward = new CompiledGraph(sd, List.of(loss))) {
            scalar(forward.run(inputs).get(loss));
        }
    }

    /** Returns true if the loss has a placeholder of that name. */
    public boolean hasInput(String input) {
        return sd.hasVariable(input);
    }

    /** @throws IllegalArgumentException if the loss is not a scalar */
    public double loss(Map<String, INDArray> out) {
        return scalar(out.get(loss));
    }

    static double scalar(INDArray loss) {
        if (loss.length() != 1)
            throw new IllegalArgumentException("the loss has shape " + Arrays.toString(loss.shape())
                    + ", expected a scalar; reduce it with mean() or sum()");
        return loss.getDouble(0);
    }

    public INDArray gradient(Map<String, INDArray> out, String tensor) {
        return out.get(gradients.get(tensor));
    }

    @Override
    public void close() {
        compiled.close();
    }
}
