package org.vit4j.keras;

import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

/**
 * One variable of a Keras layer, in the layer's own order.
 *
 * @param name in Keras: {@code kernel}, {@code bias}, {@code gamma}
 */
public record KerasVariable(String name, Shape shape, VariableSource source) {

    /** Origin of a variable's values. */
    public sealed interface VariableSource {
        /** All elements of a parameter in row-major order; only the shape may differ. */
        record WholeParameter(Parameter weight) implements VariableSource {}

        /**
         * Copy of a parameter that another layer holds and that is read back from there. Keras does not tie the two.
         */
        record ParameterCopy(Parameter weight) implements VariableSource {}

        /**
         * Kernel of a weight-standardized convolution, normalized to zero mean and unit variance per filter. Keras has
         * no such layer: it computes the same logits, but trains the kernel as that of a plain convolution. The
         * original parameter is stored separately.
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

        /** Constant that the Keras layer needs and that has no parameter in the graph. */
        record FilledArray(float value) implements VariableSource {}

        /** Computed constants, such as resize matrices and kernels that select pixels. */
        record ComputedArray(float[] values) implements VariableSource {}
    }

    public KerasVariable {
        if (source instanceof VariableSource.WholeParameter parameter
                && parameter.weight().size() != shape.size()) {
            throw new IllegalArgumentException(parameter.weight() + " does not fill " + name + " " + shape);
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
