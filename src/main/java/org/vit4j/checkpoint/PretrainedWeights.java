package org.vit4j.checkpoint;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Shape;

/** Where weights come from. */
public interface PretrainedWeights extends AutoCloseable {
    /**
     * What a source has for a weight.
     *
     * @param name of the array there
     * @param told its shape there, for messages
     * @param shape its shape in our order; empty when it cannot be that weight
     * @param values in our order, read when they are asked for
     */
    record FoundWeight(String name, String told, Optional<Shape> shape, Supplier<float[]> values) {}

    /** For messages: which file. */
    String label();

    /** For a log line: whose names these are. */
    String names();

    Optional<FoundWeight> find(Parameter weight);

    /** Arrays that are no weight of this network. */
    List<String> unexpected();

    /** What the rows of its position tables stand for, as far as that is known. */
    Map<String, PositionGrid> grids();

    @Override
    void close();
}
