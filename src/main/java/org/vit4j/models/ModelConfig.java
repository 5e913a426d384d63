package org.vit4j.models;

import java.util.List;
import org.vit4j.checkpoint.names.CheckpointNames;
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

    /**
     * Returns the parameter names of the reference code of this flavor: timm, or the authors' code if timm has none.
     */
    default CheckpointNames keys() {
        return CheckpointNames.SAME;
    }

    /** Returns the naming schemes of all published checkpoints of this network, {@link #keys} first. */
    default List<CheckpointNames> schemes() {
        return List.of(keys());
    }

    /** Returns {@link #schemes}, followed by schemes that are read but never written. */
    default List<CheckpointNames> importSchemes() {
        return schemes();
    }
}
