package org.vit4j.models;

import org.vit4j.graph.Graph;

/**
 * Architecture and hyperparameters of a network, usually a record read from a {@code model:} section. Users may
 * implement it for networks of their own; see {@link Models#with}.
 */
public interface ModelConfig {
    /** Returns the value of {@code model.arch}. */
    String arch();

    /** Returns the reference implementation that the network reproduces. */
    default Flavor flavor() {
        return Flavor.OFFICIAL;
    }

    /** Returns the size of the input images. */
    ImageSpec image();

    /** Returns the number of classes, K. */
    int classes();

    /** Builds the network; its input {@code image} is [H, W, C], its output {@code logits} is [K]. */
    Graph build();
}
