package org.vit4j.keras;

import org.vit4j.graph.Shape;

/**
 * Dataset of {@code model.weights.h5} with the variable that it holds.
 *
 * @param path {@code layers/dense_3/vars/0}
 * @param layer name of the Keras layer, empty for a parameter that no layer uses
 */
public record WeightSlot(String path, String layer, KerasVariable variable) {
    public Shape shape() {
        return variable.shape();
    }

    /** Returns true for a constant of the Keras layer that is not a parameter of the network. */
    public boolean isHelper() {
        return variable.source() instanceof KerasVariable.VariableSource.FilledArray
                || variable.source() instanceof KerasVariable.VariableSource.ComputedArray;
    }
}
