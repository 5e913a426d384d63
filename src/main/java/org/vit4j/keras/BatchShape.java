package org.vit4j.keras;

import java.util.ArrayList;
import java.util.List;
import org.vit4j.graph.Shape;

/** Shapes in Keras' notation: a leading batch axis of unknown size. */
final class BatchShape {
    private BatchShape() {}

    /** [T, D] -> [null, T, D] */
    static List<Integer> of(Shape shape) {
        List<Integer> dims = new ArrayList<>();
        dims.add(null);
        dims.addAll(shape.dims());
        return dims;
    }
}
