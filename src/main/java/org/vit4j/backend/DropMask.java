package org.vit4j.backend;

import org.vit4j.graph.Shape;

/**
 * An input of training steps: the random mask of dropout, with values 0 or 1 / (1 - rate).
 *
 * @param shape shape per example; [1] for drop path
 * @param layers whether elements are the layers of a stack (drop layer): values 0 or 1, equal for all examples, at
 *     least one of them 1
 */
public record DropMask(String name, Shape shape, double rate, boolean layers) {
    /** Number of elements per example. */
    public long perExample() {
        return shape.size();
    }
}
