package org.vit4j.keras;

import org.vit4j.graph.Shape;
import org.vit4j.graph.Weight;

/**
 * One variable of a Keras layer, in the layer's own order.
 *
 * @param name as Keras calls it: {@code kernel}, {@code bias}, {@code gamma}
 */
public record Variable(String name, Shape shape, Source source) {

    /** What fills a variable. */
    public sealed interface Source {
        /** All elements of a weight of ours, row by row; only the shape may differ. */
        record Whole(Weight weight) implements Source {}

        /** The same of a weight that another layer has already: read back from there, tied by nothing in Keras. */
        record Copy(Weight weight) implements Source {}

        /**
         * A convolution's kernel brought to zero mean and unit variance for each filter, which Keras has no layer for:
         * it computes the same and trains it as a plain kernel. The weight itself lies beside, for our reader.
         */
        record Standardized(Weight weight, double epsilon) implements Source {
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
        record Filled(float value) implements Source {}

        /** Constants of a computation: matrices of a resize, kernels that pick pixels. */
        record Computed(float[] values) implements Source {}
    }

    public Variable {
        if (source instanceof Source.Whole whole && whole.weight().size() != shape.size()) {
            throw new IllegalArgumentException(whole.weight() + " does not fill " + name + " " + shape);
        }
        if (source instanceof Source.Computed computed && computed.values().length != shape.size()) {
            throw new IllegalArgumentException(computed.values().length + " values do not fill " + name + " " + shape);
        }
    }

    static Variable of(String name, Weight weight) {
        return new Variable(name, weight.shape(), new Source.Whole(weight));
    }

    static Variable of(String name, Weight weight, Shape stored) {
        return new Variable(name, stored, new Source.Whole(weight));
    }

    static Variable filled(String name, float value, Shape shape) {
        return new Variable(name, shape, new Source.Filled(value));
    }

    static Variable computed(String name, float[] values, Shape shape) {
        return new Variable(name, shape, new Source.Computed(values));
    }

    Variable copy(Weight of) {
        return new Variable(name, shape, new Source.Copy(of));
    }
}
