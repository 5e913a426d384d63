package org.vit4j.optim;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.vit4j.backend.FlatArray;
import org.vit4j.optim.ParamGroups.ParamSettings;

/**
 * Common base of the optimizers, also for those of users: step count, state arrays, weight decay and learning rate scale per
 * parameter group.
 */
public abstract class FlatOptimizer implements Optimizer.OptimizerState {
    /** An operation on one parameter; the arrays are views of the flat parameters and the flat gradient. */
    public interface PerParameter {
        void apply(ParamRange range, FlatArray parameter, FlatArray gradient);
    }

    private final FlatArray parameters;
    private ParamGroups groups;
    private ParamViews spans;
    private ParamViews perParameter;
    private final Map<String, FlatArray> arrays;
    private int steps;

    /** @param arrays state arrays by name, each as long as the parameters */
    protected FlatOptimizer(FlatArray parameters, ParamGroups groups, Map<String, FlatArray> arrays) {
        this.parameters = parameters;
        this.arrays = new LinkedHashMap<>(new TreeMap<>(arrays));
        setParamGroups(groups);
    }

    /**
     * Updates the parameters.
     *
     * @param gradient overwritten
     */
    protected abstract void update(FlatArray gradient, double lr);

    /** Decoupled weight decay: multiplies each parameter by 1 - learning rate * weight decay. */
    protected final void decay(double lr) {
        forEachSpan((settings, part) -> {
            if (settings.weightDecay() > 0) part.apply(parameters).multiply(remaining(settings, lr));
        });
    }

    /** The factor of decoupled weight decay. */
    static double remaining(ParamSettings settings, double lr) {
        return 1 - lr * settings.lrScale() * settings.weightDecay();
    }

    /** Adds weight decay to the gradient, as the gradient of an L2 penalty. */
    protected final void addDecay(FlatArray gradient) {
        forEachSpan((settings, part) -> {
            if (settings.weightDecay() > 0) part.apply(gradient).add(part.apply(parameters), settings.weightDecay());
        });
    }

    /** Subtracts {@code lr} times the direction, scaled per parameter by its learning rate scale. */
    protected final void subtract(FlatArray direction, double lr) {
        forEachSpan((settings, part) -> part.apply(parameters).add(part.apply(direction), -lr * settings.lrScale()));
    }

    /** Calls an action for each group of adjacent parameters with equal settings, with the function that returns its part of an array. */
    final void forEachSpan(BiConsumer<ParamSettings, UnaryOperator<FlatArray>> action) {
        for (int i = 0; i < spans.size(); i++) {
            int span = i;
            action.accept(spans.settings(span), flat -> spans.of(flat).get(span));
        }
    }

    /** Applies an operation to each trained parameter. */
    protected final void forEachParameter(FlatArray gradient, PerParameter action) {
        List<FlatArray> views = perParameter.of(parameters);
        List<FlatArray> gradients = perParameter.of(gradient);
        for (int i = 0; i < perParameter.size(); i++) {
            action.apply(groups.ranges().get(i), views.get(i), gradients.get(i));
        }
    }

    /** L2 norms of the parts of an array that belong to the trained parameters, by name; waits for the device once. */
    protected final Map<String, Double> norms(FlatArray flat) {
        double[] norms = flat.norms(perParameter.of(flat));
        Map<String, Double> byName = new HashMap<>();
        for (int i = 0; i < norms.length; i++) byName.put(groups.ranges().get(i).parameter(), norms[i]);
        return byName;
    }

    @Override
    public void step(FlatArray gradient, double lr) {
        update(gradient, lr);
        steps++;
    }

    @Override
    public int steps() {
        return steps;
    }

    @Override
    public Map<String, FlatArray> arrays() {
        return arrays;
    }

    @Override
    public final void setParamGroups(ParamGroups newGroups) {
        groups = newGroups;
        spans = new ParamViews(newGroups.spans());
        perParameter =
                new ParamViews(newGroups.ranges().stream().map(ParamRange::span).toList());
    }

    @Override
    public void resume(int done) {
        steps = done;
    }
}
