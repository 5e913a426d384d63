package org.vit4j.backend;

import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMax;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMin;
import org.nd4j.linalg.api.ops.impl.transforms.floating.Sqrt;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.Axpy;
import org.nd4j.linalg.api.ops.impl.transforms.same.Sign;
import org.nd4j.linalg.api.ops.impl.updaters.AdamUpdater;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.graph.Shape;

/** A flat ND4J array of any floating point type. */
final class Nd4jArray implements FlatArray {
    /** Elements processed at a time by {@link #lerp}, so that it needs no temporary array as long as this one. */
    private static final long CHUNK = 1 << 20;

    private final INDArray array;

    Nd4jArray(INDArray array) {
        this.array = array;
    }

    private static INDArray nd4j(FlatArray other) {
        return ((Nd4jArray) other).array;
    }

    @Override
    public long length() {
        return array.length();
    }

    @Override
    public FlatArray zeros() {
        return new Nd4jArray(Nd4j.zeros(array.dataType(), array.length()));
    }

    @Override
    public FlatArray range(long from, long to) {
        return from == 0 && to == length() ? this : new Nd4jArray(part(array, from, to));
    }

    private static INDArray part(INDArray flat, long from, long to) {
        return flat.get(NDArrayIndex.interval(from, to));
    }

    @Override
    public INDArray host() {
        return array;
    }

    @Override
    public FlatArray setHost(INDArray values) {
        if (values != array) array.assign(values);
        return this;
    }

    @Override
    public FlatArray set(FlatArray values) {
        array.assign(nd4j(values));
        return this;
    }

    @Override
    public FlatArray fill(double value) {
        if (Double.isNaN(value)) return fillWithNaN();
        array.assign(value);
        return this;
    }

    @Override
    public FlatArray add(double value) {
        if (Double.isNaN(value)) return fillWithNaN();
        array.addi(value);
        return this;
    }

    /** The result of an operation with NaN, which ND4J replaces by a small number in operations with a scalar. */
    private FlatArray fillWithNaN() {
        array.subi(array.dup());
        array.divi(array.dup());
        return this;
    }

    @Override
    public FlatArray add(FlatArray x) {
        array.addi(nd4j(x));
        return this;
    }

    @Override
    public FlatArray add(FlatArray x, double factor) {
        if (factor == -1) array.subi(nd4j(x));
        else Nd4j.exec(new Axpy(nd4j(x), array, array, factor));
        return this;
    }

    @Override
    public FlatArray multiply(double factor) {
        if (Double.isNaN(factor)) return fillWithNaN();
        array.muli(factor);
        return this;
    }

    @Override
    public FlatArray multiply(FlatArray x) {
        array.muli(nd4j(x));
        return this;
    }

    @Override
    public FlatArray divide(double divisor) {
        if (Double.isNaN(divisor)) return fillWithNaN();
        array.divi(divisor);
        return this;
    }

    @Override
    public FlatArray divide(FlatArray x) {
        array.divi(nd4j(x));
        return this;
    }

    @Override
    public FlatArray sqrt() {
        Nd4j.exec(new Sqrt(array, array));
        return this;
    }

    @Override
    public FlatArray sign() {
        Nd4j.exec(new Sign(array, array));
        return this;
    }

    @Override
    public FlatArray clamp(double limit) {
        Nd4j.exec(new ScalarMin(array, null, array, limit));
        Nd4j.exec(new ScalarMax(array, null, array, -limit));
        return this;
    }

    @Override
    public FlatArray lerp(FlatArray target, double weight) {
        for (long from = 0; from < length(); from += CHUNK) {
            long end = Math.min(from + CHUNK, length());
            INDArray to = part(array, from, end);
            to.addi(part(nd4j(target), from, end).sub(to).muli(weight));
        }
        return this;
    }

    @Override
    public FlatArray adam(FlatArray m, FlatArray v, AdamSettings settings, double rate, int stepsBefore) {
        if (HostFloats.isDense(array)) {
            new AdamLoop(settings, rate, stepsBefore).direction(array, nd4j(m), nd4j(v));
            return this;
        }
        double beta2 = settings.beta2();
        // ND4J adds eps before the bias correction, PyTorch after it.
        double scaledEps = settings.eps() * Math.sqrt(1 - Math.pow(beta2, stepsBefore + 1));
        Nd4j.exec(new AdamUpdater(array, nd4j(v), nd4j(m), rate, settings.beta1(), beta2, scaledEps, stepsBefore));
        return this;
    }

    @Override
    public FlatArray adamStep(FlatArray gradient, FlatArray m, FlatArray v, AdamSettings settings, AdamStep step) {
        boolean dense = HostFloats.isDense(array) && HostFloats.isDense(nd4j(gradient));
        if (!dense) return FlatArray.super.adamStep(gradient, m, v, settings, step);
        AdamLoop loop = new AdamLoop(settings, step.rate(), step.stepsBefore());
        loop.update(array, step.remaining(), nd4j(gradient), nd4j(m), nd4j(v));
        return this;
    }

    @Override
    public FlatArray clipAdaptively(FlatArray parameter, Shape shape, boolean perColumn, AdaptiveLimit limit) {
        long[] dims = shape.dims().stream().mapToLong(Integer::longValue).toArray();
        INDArray weights = nd4j(parameter).reshape('c', dims);
        INDArray own = array.reshape('c', dims);
        if (!perColumn) {
            double factor = limit.factor(norm(weights), norm(own));
            if (factor < 1) own.muli(factor);
            return this;
        }
        int[] otherAxes = IntStream.range(0, dims.length - 1).toArray();
        double[] parameterNorms = weights.norm2(otherAxes).toDoubleVector();
        double[] gradientNorms = own.norm2(otherAxes).toDoubleVector();
        double[] factors = new double[gradientNorms.length];
        for (int i = 0; i < factors.length; i++) factors[i] = limit.factor(parameterNorms[i], gradientNorms[i]);
        INDArray rows = own.reshape('c', own.length() / factors.length, factors.length);
        rows.muliRowVector(Nd4j.createFromArray(factors).castTo(own.dataType()));
        return this;
    }

    private static double norm(INDArray array) {
        return array.norm2Number().doubleValue();
    }

    @Override
    public double[] norms(List<FlatArray> views) {
        return views.stream().mapToDouble(view -> norm(nd4j(view))).toArray();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Nd4jArray that && that.array == array;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(array);
    }
}
