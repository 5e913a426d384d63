package org.vit4j.checkpoint;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Shape;

/** Source of pretrained weights: a published checkpoint or a saved model. */
public interface PretrainedWeights extends AutoCloseable {
    /**
     * Array of a source for a parameter.
     *
     * @param name name in the source
     * @param sourceShape shape in the source, for messages
     * @param shape shape in the model's axis order; empty if the array cannot be this parameter
     * @param values supplier that reads the values, in the model's axis order
     */
    record FoundWeight(String name, String sourceShape, Optional<Shape> shape, Supplier<float[]> values) {}

    /** Name of the file, for messages. */
    String label();

    /** Name of the naming scheme, for the log. */
    String namingScheme();

    Optional<FoundWeight> find(Parameter weight);

    /** The name that a parameter has, or would have, in this source. */
    default String name(Parameter weight) {
        return weight.name();
    }

    /** Class of the object in place of the parameter's array, if it is one that cannot be read. */
    default Optional<String> unreadableType(Parameter weight) {
        return Optional.empty();
    }

    /** Resampling method for position tables of this source. */
    default WeightAdaptation.PositionResampling resampling() {
        return WeightAdaptation.PositionResampling.BICUBIC;
    }

    /** Lines for the log: choices made and arrays skipped. */
    default List<String> notes() {
        return List.of();
    }

    /** Probable reason and remedy if the source does not fit the model. */
    default Optional<String> hint() {
        return Optional.empty();
    }

    /** Names of arrays that are not parameters of the model. */
    List<String> unexpected();

    /** Token grids of the position tables, by parameter name, as far as known. */
    Map<String, PositionGrid> grids();

    @Override
    void close();
}
