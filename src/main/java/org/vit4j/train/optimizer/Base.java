package org.vit4j.train.optimizer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.Axpy;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What the optimizers share: counting, keeping, and the treatment of the slices. */
abstract class Base implements Optimizer.State {
    /** What is done to one weight; the arrays are its parts of two flat ones. */
    interface PerWeight {
        void at(Slice slice, INDArray weight, INDArray gradient);
    }

    private final INDArray parameters;
    private Slices slices;
    private final Map<String, INDArray> arrays;
    private int steps;

    Base(INDArray parameters, Slices slices, Map<String, INDArray> arrays) {
        this.parameters = parameters;
        this.slices = slices;
        this.arrays = new LinkedHashMap<>(new TreeMap<>(arrays));
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
        for (Slices.Span span : slices.spans(slice -> slice.lrScale() * slice.weightDecay())) {
            if (span.value() > 0) part(parameters, span).muli(1 - lr * span.value());
        }
    }

    /** Weight decay as the gradient of an L2 penalty. */
    void addDecay(INDArray gradient) {
        for (Slices.Span span : slices.spans(Slice::weightDecay)) {
            if (span.value() > 0) add(part(gradient, span), part(parameters, span), span.value());
        }
    }

    /** Moves the parameters against a direction, each weight by its own share of the rate. */
    void subtract(INDArray direction, double lr) {
        for (Slices.Span span : slices.spans(Slice::lrScale)) {
            double factor = lr * span.value();
            if (factor == 1) part(parameters, span).subi(part(direction, span));
            else add(part(parameters, span), part(direction, span), -factor);
        }
    }

    void eachWeight(INDArray gradient, PerWeight action) {
        for (Slice slice : slices.all()) {
            action.at(slice, slice.of(parameters), slice.of(gradient));
        }
    }

    private static INDArray part(INDArray flat, Slices.Span span) {
        if (span.from() == 0 && span.to() == flat.length()) return flat;
        return flat.get(NDArrayIndex.interval(span.from(), span.to()));
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
    public void treat(Slices others) {
        slices = others;
    }

    @Override
    public void resume(int done) {
        steps = done;
    }
}
