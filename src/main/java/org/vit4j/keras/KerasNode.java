package org.vit4j.keras;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.Shape;

/**
 * An operation of a Functional model, called once. A class rather than a record because nodes compare by identity: a
 * record's {@code hashCode} would traverse all inputs.
 */
final class KerasNode {
    /** Module under which Keras stores an operation. */
    enum KerasNodeKind {
        LAYER("keras.layers"),
        /** NumPy-style {@code keras.ops}. They have no public class path and are not counted as layers. */
        NUMPY_OP("keras.src.ops.numpy");

        private final String module;

        KerasNodeKind(String module) {
            this.module = module;
        }

        String module() {
            return module;
        }
    }

    private final String name;
    private final KerasNodeKind kind;
    private final String className;
    private final Map<String, Object> config;
    private final Shape shape;
    private final List<KerasVariable> variables;
    private final List<KerasNode> inputs;
    private final List<Object> constants;
    private final boolean takesList;

    /**
     * @param constants arguments after the inputs, as in JSON
     * @param takesList true if the inputs are passed as one list, as for {@code Add} and {@code Concatenate}
     */
    KerasNode(
            String name,
            KerasNodeKind kind,
            String className,
            Map<String, Object> config,
            Shape shape,
            List<KerasVariable> variables,
            List<KerasNode> inputs,
            List<Object> constants,
            boolean takesList) {
        this.name = name;
        this.kind = kind;
        this.className = className;
        this.config = config;
        this.shape = shape;
        this.variables = List.copyOf(variables);
        this.inputs = List.copyOf(inputs);
        this.constants = List.copyOf(constants);
        this.takesList = takesList;
    }

    String name() {
        return name;
    }

    KerasNodeKind kind() {
        return kind;
    }

    String className() {
        return className;
    }

    /** Constructor arguments. */
    Map<String, Object> config() {
        return config;
    }

    /** Shape of the output, without the batch axis. */
    Shape shape() {
        return shape;
    }

    List<KerasVariable> variables() {
        return variables;
    }

    List<KerasNode> inputs() {
        return inputs;
    }

    List<Object> constants() {
        return constants;
    }

    boolean takesList() {
        return takesList;
    }

    boolean isLayer() {
        return kind == KerasNodeKind.LAYER;
    }

    @Override
    public String toString() {
        return className + " " + name + " " + shape;
    }
}
