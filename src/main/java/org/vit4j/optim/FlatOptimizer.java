package org.vit4j.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.Axpy;
import org.nd4j.linalg.factory.Nd4j;

/** What the optimizers share: counting, keeping, and the treatment of the slices. */
abstract class FlatOptimizer implements Optimizer.OptimizerState {
    /** What is done to one weight; the arrays are its parts of two flat ones. */
    interface PerParameter {
        void at(ParamRange slice, INDArray weight, INDArray gradient);
    }

    private final INDArray parameters;
    private ParamGroups slices;
    private ParamViews decays;
    private ParamViews penalties;
    private ParamViews rates;
    private ParamViews each;
    private final Map<String, INDArray> arrays;
    private int steps;

    FlatOptimizer(INDArray parameters, ParamGroups slices, Map<String, INDArray> arrays) {
        this.parameters = parameters;
        this.arrays = new LinkedHashMap<>(new TreeMap<>(arrays));
        setParamGroups(slices);
    }

    abstract void update(INDArray gradient, double lr);

    static INDArray zerosLike(INDArray parameters) {
        return Nd4j.zeros(parameters.dataType(), parameters.length());
    }

    /** {@code to += factor * x}, element by element. */
    static void add(INDArray to, INDArray x, double factor) {
        Nd4j.exec(new Axpy(x, to, to, factor));
    }

    /** Decoupled weight decay: every weight shrinks by its own decay times its own rate. */
    void decay(double lr) {
        for (int i = 0; i < decays.size(); i++) {
            double decay = decays.value(i);
            if (decay > 0) decays.of(parameters).get(i).muli(1 - lr * decay);
        }
    }

    /** Weight decay as the gradient of an L2 penalty. */
    void addDecay(INDArray gradient) {
        for (int i = 0; i < penalties.size(); i++) {
            double decay = penalties.value(i);
            if (decay > 0)
                add(penalties.of(gradient).get(i), penalties.of(parameters).get(i), decay);
        }
    }

    /** Moves the parameters against a direction, each weight by its own share of the rate. */
    void subtract(INDArray direction, double lr) {
        for (int i = 0; i < rates.size(); i++) {
            double factor = lr * rates.value(i);
            INDArray part = rates.of(parameters).get(i);
            if (factor == 1) part.subi(rates.of(direction).get(i));
            else add(part, rates.of(direction).get(i), -factor);
        }
    }

    void eachWeight(INDArray gradient, PerParameter action) {
        List<INDArray> weights = each.of(parameters);
        List<INDArray> gradients = each.of(gradient);
        for (int i = 0; i < each.size(); i++) {
            action.at(slices.all().get(i), weights.get(i), gradients.get(i));
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
    public final void setParamGroups(ParamGroups others) {
        slices = others;
        decays = new ParamViews(others.spans(slice -> slice.lrScale() * slice.weightDecay()));
        penalties = new ParamViews(others.spans(ParamRange::weightDecay));
        rates = new ParamViews(others.spans(ParamRange::lrScale));
        each = new ParamViews(others.all().stream().map(ParamRange::span).toList());
    }

    @Override
    public void resume(int done) {
        steps = done;
    }
}
