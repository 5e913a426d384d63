package org.vit4j.keras;

import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

/**
 * One variable of a Keras layer, in the layer's own order.
 *
 * @param name as Keras calls it: {@code kernel}, {@code bias}, {@code gamma}
 */
public record KerasVariable(String name, Shape shape, VariableSource source) {

    /** What fills a variable. */
    public sealed interface VariableSource {
        /** All elements of a weight of ours, row by row; only the shape may differ. */
        record WholeParameter(Parameter weight) implements VariableSource {}

        /** The same of a weight that another layer has already: read back from there, tied by nothing in Keras. */
        record ParameterCopy(Parameter weight) implements VariableSource {}

        /**
         * A convolution's kernel brought to zero mean and unit variance for each filter, which Keras has no layer for:
         * it computes the same and trains it as a plain kernel. The weight itself lies beside, for our reader.
         */
        record StandardizedKernel(Parameter weight, double epsilon) implements VariableSource {
            float[] values(float[] raw) {
                int filters = weight.shape().last();
                int fan = raw.length / filters;
                float[] values = new float[raw.length];
                for (int f = 0; f < filters; f++) {
                    double mean = 0;
                    for (int i = 0; i < fan; i++) mean += raw[i * filters + f] / (double) fan;
                    double variance = 0;
                    for (int i = 0; i < fan; i++) variance += Math.pow(raw[i * filters + f] - mean, 2) / fan;
                    double scale = 1 / Math.sqrt(variance + epsilon);
                    for (int i = 0; i < fan; i++) {
                        values[i * filters + f] = (float) ((raw[i * filters + f] - mean) * scale);
                    }
                }
                return values;
            }
        }

        /** A constant that Keras' layer needs and we have no weight for. */
        record FilledArray(float value) implements VariableSource {}

        /** Constants of a computation: matrices of a resize, kernels that pick pixels. */
        record ComputedArray(float[] values) implements VariableSource {}
    }

    public KerasVariable {
        if (source instanceof VariableSource.WholeParameter whole
                && whole.weight().size() != shape.size()) {
            throw new IllegalArgumentException(whole.weight() + " does not fill " + name + " " + shape);
        }
        if (source instanceof VariableSource.ComputedArray computed && computed.values().length != shape.size()) {
            throw new IllegalArgumentException(computed.values().length + " values do not fill " + name + " " + shape);
        }
    }

    static KerasVariable of(String name, Parameter weight) {
        return new KerasVariable(name, weight.shape(), new VariableSource.WholeParameter(weight));
    }

    static KerasVariable of(String name, Parameter weight, Shape stored) {
        return new KerasVariable(name, stored, new VariableSource.WholeParameter(weight));
    }

    static KerasVariable filled(String name, float value, Shape shape) {
        return new KerasVariable(name, shape, new VariableSource.FilledArray(value));
    }

    static KerasVariable computed(String name, float[] values, Shape shape) {
        return new KerasVariable(name, shape, new VariableSource.ComputedArray(values));
    }

    KerasVariable copy(Parameter of) {
        return new KerasVariable(name, shape, new VariableSource.ParameterCopy(of));
    }
}
