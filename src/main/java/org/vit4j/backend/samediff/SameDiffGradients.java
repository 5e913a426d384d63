package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.ParameterStore;
import org.vit4j.machine.SuppressedOutput;

/**
 * A loss and its gradient with respect to all trainable parameters, laid out like {@link ParameterStore#trainable}.
 *
 * <p>Does not use {@code sd.fit}, which updates parameters during the backward pass, has one updater for all of them,
 * and runs on a memory manager that gives wrong results; nor {@code calculateGradients}, which leaks all arrays of a
 * step.
 */
public final class SameDiffGradients implements AutoCloseable {
    private final String loss;
    private final Map<String, INDArray> views = new LinkedHashMap<>();
    private final Map<String, String> gradientNames = new LinkedHashMap<>();
    private final List<INDArray> zeroViews = new ArrayList<>();
    private final INDArray flat;
    private final CompiledGraph stepGraph;
    private final CompiledGraph forwardLoss;

    /**
     * Differentiates a loss with respect to all trainable parameters.
     *
     * @param loss a scalar of the graph; composed of basic ops, or a SameDiff loss op without further scaling (the
     *     gradient of those ops ignores the gradient of their output)
     * @param outputs further SameDiff variables that a run returns
     */
    public SameDiffGradients(SameDiffGraph lowered, SDVariable loss, List<SDVariable> outputs) {
        this(lowered, loss, outputs, List.of(), Set.of());
    }

    /**
     * Differentiates a loss with respect to trainable parameters and further variables.
     *
     * @param differentiated inputs or inner variables whose gradients are outputs too, see {@link #gradientName}
     * @param frozen parameters without a gradient
     */
    public SameDiffGradients(
            SameDiffGraph lowered,
            SDVariable loss,
            List<SDVariable> outputs,
            List<String> differentiated,
            Set<String> frozen) {
        SameDiff sd = lowered.sd();
        sd.setLossVariables(loss.name());
        Set<String> sources = new LinkedHashSet<>(differentiated);
        // SameDiff computes gradients of inner variables only on the way to a parameter or a requested input.
        if (!differentiated.isEmpty()) sources.addAll(lowered.inputs());
        SuppressedOutput.withoutOutput(() -> sd.createGradFunction(sources.toArray(String[]::new)));
        this.loss = loss.name();
        ParameterStore parameters = lowered.parameters();
        this.flat = Nd4j.zeros(
                parameters.trainable().dataType(), parameters.trainable().length());
        List<String> computed = new ArrayList<>(List.of(loss.name()));
        Map<String, INDArray> destinations = new HashMap<>();
        for (SDVariable variable : outputs) computed.add(variable.name());
        for (BatchStatistics norm : lowered.statistics()) computed.addAll(List.of(norm.mean(), norm.variance()));
        for (String variable : differentiated) {
            SDVariable gradient = sd.getVariable(variable).getGradient();
            if (gradient == null) throw new IllegalArgumentException("the loss does not depend on " + variable);
            gradientNames.put(variable, gradient.name());
            computed.add(gradientName(variable));
        }
        parameters.offsets().forEach((name, from) -> {
            SDVariable gradient = sd.getVariable(name).getGradient();
            var shape = parameters.parameter(name).shape();
            INDArray view = ParameterStore.view(flat, from, shape);
            if (gradient == null || frozen.contains(name)) {
                zeroViews.add(view);
                return;
            }
            views.put(name, view);
            gradientNames.put(name, gradient.name());
            computed.add(gradient.name());
            destinations.put(gradient.name(), view);
        });
        this.stepGraph = new CompiledGraph(sd.getFunction("grad"), computed, destinations);
        this.forwardLoss = new CompiledGraph(sd, List.of(this.loss));
    }

    /**
     * Computes loss, requested variables and gradients, which are then in {@link #flat}. The next run overwrites the
     * results.
     */
    public Map<String, INDArray> run(Map<String, INDArray> placeholders) {
        for (INDArray view : zeroViews) view.assign(0); // callers may have overwritten the gradient
        return stepGraph.run(placeholders);
    }

    /** Computes the loss without gradients. */
    public double forwardLoss(Map<String, INDArray> placeholders) {
        return LossGraph.scalar(forwardLoss.run(placeholders).get(loss));
    }

    /** Time per kind of op over {@code runs} runs, largest first. */
    public List<OpTime> profile(Map<String, INDArray> placeholders, int runs) {
        return stepGraph.profile(placeholders, runs);
    }

    /** Bytes of memory for runs, without the parameters and their gradient. */
    public long bytes() {
        return stepGraph.bytes() + forwardLoss.bytes();
    }

    /** The loss among the outputs of {@link #run}. */
    public double loss(Map<String, INDArray> out) {
        return LossGraph.scalar(out.get(loss));
    }

    /** The name of a variable's gradient among the outputs of {@link #run}. */
    public String gradientName(String variable) {
        return gradientNames.get(variable);
    }

    /** The gradient with respect to all trainable parameters, in the order of {@link ParameterStore#trainable}. */
    public INDArray flat() {
        return flat;
    }

    /** The part of {@link #flat} of a parameter; null if the loss does not depend on it, or it is frozen. */
    public INDArray gradientOf(String weight) {
        return views.get(weight);
    }

    @Override
    public void close() {
        stepGraph.close();
        forwardLoss.close();
    }
}
