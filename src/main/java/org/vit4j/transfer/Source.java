package org.vit4j.transfer;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.graph.Grid;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Weight;

/** Where weights come from. */
public interface Source extends AutoCloseable {
    /**
     * What a source has for a weight.
     *
     * @param name of the array there
     * @param told its shape there, for messages
     * @param shape its shape in our order; empty when it cannot be that weight
     * @param values in our order, read when they are asked for
     */
    record Found(String name, String told, Optional<Shape> shape, Supplier<float[]> values) {}

    /** For messages: which file. */
    String label();

    /** For a log line: whose names these are. */
    String names();

    Optional<Found> find(Weight weight);

    /** Arrays that are no weight of this network. */
    List<String> unexpected();

    /** What the rows of its position tables stand for, as far as that is known. */
    Map<String, Grid> grids();

    @Override
    void close();
}
