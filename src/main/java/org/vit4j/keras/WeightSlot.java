package org.vit4j.keras;

import org.vit4j.graph.Shape;

/**
 * A dataset of {@code model.weights.h5}.
 *
 * @param path {@code layers/dense_3/vars/0}
 * @param layer the layer's name in Keras, empty for a weight that no layer of the model has
 */
public record WeightSlot(String path, String layer, KerasVariable variable) {
    public Shape shape() {
        return variable.shape();
    }

    /** Whether the layer needs it and we have no weight for it: not one of the network's parameters. */
    public boolean helper() {
        return variable.source() instanceof KerasVariable.VariableSource.FilledArray
                || variable.source() instanceof KerasVariable.VariableSource.ComputedArray;
    }
}
