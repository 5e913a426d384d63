package org.vit4j.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.Axpy;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Common base of the optimizers, also for those of users: step count, state arrays, weight decay and learning rate scale per
 * parameter group.
 */
public abstract class FlatOptimizer implements Optimizer.OptimizerState {
    /** An operation on one parameter; the arrays are views of the flat parameters and the flat gradient. */
    public interface PerParameter {
        void apply(ParamRange range, INDArray parameter, INDArray gradient);
    }

    private final INDArray parameters;
    private ParamGroups groups;
    private ParamViews decoupledDecays;
    private ParamViews penalties;
    private ParamViews lrScales;
    private ParamViews perParameter;
    private final Map<String, INDArray> arrays;
    private int steps;

    /** @param arrays state arrays by name, each as long as the parameters */
    protected FlatOptimizer(INDArray parameters, ParamGroups groups, Map<String, INDArray> arrays) {
        this.parameters = parameters;
        this.arrays = new LinkedHashMap<>(new TreeMap<>(arrays));
        setParamGroups(groups);
    }

    /**
     * Updates the parameters.
     *
     * @param gradient overwritten
     */
    protected abstract void update(INDArray gradient, double lr);

    /** Makes a state array. */
    protected static INDArray zerosLike(INDArray parameters) {
        return Nd4j.zeros(parameters.dataType(), parameters.length());
    }

    /** {@code to += factor * x}, element by element. */
    protected static void add(INDArray to, INDArray x, double factor) {
        Nd4j.exec(new Axpy(x, to, to, factor));
    }

    /** Decoupled weight decay: multiplies each parameter by 1 - learning rate * weight decay. */
    protected final void decay(double lr) {
        for (int i = 0; i < decoupledDecays.size(); i++) {
            double decay = decoupledDecays.value(i);
            if (decay > 0) decoupledDecays.of(parameters).get(i).muli(1 - lr * decay);
        }
    }

    /** Adds weight decay to the gradient, as the gradient of an L2 penalty. */
    protected final void addDecay(INDArray gradient) {
        for (int i = 0; i < penalties.size(); i++) {
            double decay = penalties.value(i);
            if (decay > 0)
                add(penalties.of(gradient).get(i), penalties.of(parameters).get(i), decay);
        }
    }

    /** Subtracts {@code lr} times the direction, scaled per parameter by its learning rate scale. */
    protected final void subtract(INDArray direction, double lr) {
        for (int i = 0; i < lrScales.size(); i++) {
            double factor = lr * lrScales.value(i);
            INDArray view = lrScales.of(parameters).get(i);
            if (factor == 1) view.subi(lrScales.of(direction).get(i));
            else add(view, lrScales.of(direction).get(i), -factor);
        }
    }

    /** Applies an operation to each trained parameter. */
    protected final void forEachParameter(INDArray gradient, PerParameter action) {
        List<INDArray> views = perParameter.of(parameters);
        List<INDArray> gradients = perParameter.of(gradient);
        for (int i = 0; i < perParameter.size(); i++) {
            action.apply(groups.ranges().get(i), views.get(i), gradients.get(i));
        }
    }

    @Override
    public void step(INDArray gradient, double lr) {
        update(gradient, lr);
        steps++;
    }

    @Override
    public int steps() {
        return steps;
    }

    @Override
    public Map<String, INDArray> arrays() {
        return arrays;
    }

    @Override
    public final void setParamGroups(ParamGroups newGroups) {
        groups = newGroups;
        decoupledDecays = new ParamViews(newGroups.spans(range -> range.lrScale() * range.weightDecay()));
        penalties = new ParamViews(newGroups.spans(ParamRange::weightDecay));
        lrScales = new ParamViews(newGroups.spans(ParamRange::lrScale));
        perParameter =
                new ParamViews(newGroups.ranges().stream().map(ParamRange::span).toList());
    }

    @Override
    public void resume(int done) {
        steps = done;
    }
}
