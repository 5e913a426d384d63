package org.vit4j.keras;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.Shape;

/**
 * An operation of a Functional model, used once. Compared by identity: a record's {@code hashCode} would walk the whole
 * model behind it.
 */
final class KerasNode {
    /** What calls an operation is stored by: public layers by their package, everything else by where it lives. */
    enum KerasNodeKind {
        LAYER("keras.layers"),
        /** {@code keras.ops} of the numpy sort. They have no public class path, and no place among the layers. */
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
    private final boolean merging;

    /**
     * @param constants arguments behind the inputs, as they stand in JSON
     * @param merging whether the inputs are one argument, a list, as {@code Add} and {@code Concatenate} want it
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
            boolean merging) {
        this.name = name;
        this.kind = kind;
        this.className = className;
        this.config = config;
        this.shape = shape;
        this.variables = List.copyOf(variables);
        this.inputs = List.copyOf(inputs);
        this.constants = List.copyOf(constants);
        this.merging = merging;
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

    /** Of its one output, without the batch axis. */
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

    boolean merging() {
        return merging;
    }

    boolean isLayer() {
        return kind == KerasNodeKind.LAYER;
    }

    @Override
    public String toString() {
        return className + " " + name + " " + shape;
    }
}
