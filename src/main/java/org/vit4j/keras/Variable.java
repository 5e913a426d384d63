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
