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

    /** The name that a parameter has, or would have, in this source. */
    default String name(Parameter weight) {
        return weight.name();
    }

    /** The class of an object that lies where a parameter's array should be, and cannot be read. */
    default Optional<String> unreadable(Parameter weight) {
        return Optional.empty();
    }

    /** The way in which position tables of this source are resampled. */
    default WeightAdaptation.PositionResampling resampling() {
        return WeightAdaptation.PositionResampling.BICUBIC;
    }

    /** Lines for the log: choices made, and what was left out. */
    default List<String> notes() {
        return List.of();
    }

    /** The likely reason when the source does not fit the network, with what to do. */
    default Optional<String> hint() {
        return Optional.empty();
    }

    /** Arrays that are no weight of this network. */
    List<String> unexpected();

    /** What the rows of its position tables stand for, as far as that is known. */
    Map<String, PositionGrid> grids();

    @Override
    void close();
}
