package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.ParameterStore;

/**
 * A loss and its gradient by every trained weight, laid out like {@link ParameterStore#trainable}.
 *
 * <p>Not {@code sd.fit}: that updates weights in the middle of the backward pass, has one updater for all of them, and
 * runs on a memory manager that gives wrong numbers. Not {@code calculateGradients}: it leaks every array of a step.
 */
public final class SameDiffGradients implements AutoCloseable {
    private final String loss;
    private final Map<String, INDArray> views = new LinkedHashMap<>();
    private final Map<String, String> gradientOf = new LinkedHashMap<>();
    private final List<INDArray> silent = new ArrayList<>();
    private final INDArray flat;
    private final CompiledGraph program;
    private final CompiledGraph forward;

    /**
     * @param loss a scalar of the graph; composed, or a loss op that nothing scales (their gradient ignores it)
     * @param wanted further SameDiff variables a run gives back
     */
    public SameDiffGradients(SameDiffGraph lowered, SDVariable loss, List<SDVariable> wanted) {
        this(lowered, loss, wanted, List.of(), Set.of());
    }

    /**
     * @param by inputs or inner variables that the gradient is wanted by too, see {@link #nameBy}
     * @param frozen weights that no gradient is wanted by
     */
    public SameDiffGradients(
            SameDiffGraph lowered, SDVariable loss, List<SDVariable> wanted, List<String> by, Set<String> frozen) {
        SameDiff sd = lowered.sd();
        sd.setLossVariables(loss.name());
        SuppressedOutput.run(() -> sd.createGradFunction(by.toArray(String[]::new)));
        this.loss = loss.name();
        ParameterStore parameters = lowered.parameters();
        this.flat = Nd4j.zeros(
                parameters.trainable().dataType(), parameters.trainable().length());
        List<String> outputs = new ArrayList<>(List.of(loss.name()));
        Map<String, INDArray> into = new HashMap<>();
        for (SDVariable variable : wanted) outputs.add(variable.name());
        for (SameDiffGraph.BatchStatistics seen : lowered.statistics())
            outputs.addAll(List.of(seen.mean(), seen.variance()));
        for (String variable : by) {
            gradientOf.put(variable, sd.getVariable(variable).getGradient().name());
            outputs.add(nameBy(variable));
        }
        parameters.offsets().forEach((name, from) -> {
            SDVariable gradient = sd.getVariable(name).getGradient();
            var shape = parameters.parameter(name).shape();
            INDArray view = ParameterStore.view(flat, from, shape);
            if (gradient == null || frozen.contains(name)) { // the loss does not depend on it, or nobody asks
                silent.add(view);
                return;
            }
            views.put(name, view);
            gradientOf.put(name, gradient.name());
            outputs.add(gradient.name());
            into.put(gradient.name(), view);
        });
        this.program = new CompiledGraph(sd.getFunction("grad"), outputs, into);
        this.forward = new CompiledGraph(sd, List.of(this.loss));
    }

    /** Loss and wanted variables of one step; the gradient is then in {@link #flat}. Overwritten by the next run. */
    public Map<String, INDArray> run(Map<String, INDArray> placeholders) {
        for (INDArray view : silent) view.assign(0); // whoever took the gradient may have written over it
        return program.run(placeholders);
    }

    /** The loss alone. */
    public double forward(Map<String, INDArray> placeholders) {
        return forward.run(placeholders).get(loss).getDouble(0);
    }

    /** What each kind of op costs in so many runs, the dearest first. */
    public List<OpTime> profile(Map<String, INDArray> placeholders, int runs) {
        return program.profile(placeholders, runs);
    }

    /** Bytes of memory that runs use besides the weights and their gradient. */
    public long bytes() {
        return program.bytes() + forward.bytes();
    }

    public double loss(Map<String, INDArray> out) {
        return out.get(loss).getDouble(0);
    }

    /** Under which name a run gives the gradient by one of the variables it was asked for. */
    public String nameBy(String variable) {
        return gradientOf.get(variable);
    }

    /** The gradient by all trained weights, in the order of {@link ParameterStore#trainable}. */
    public INDArray flat() {
        return flat;
    }

    /** The part of {@link #flat} that belongs to a weight; absent when the loss does not depend on it, or it is frozen. */
    public INDArray of(String weight) {
        return views.get(weight);
    }

    @Override
    public void close() {
        program.close();
        forward.close();
    }
}
