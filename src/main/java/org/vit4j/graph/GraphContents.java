package org.vit4j.graph;

import java.util.LinkedHashMap;
import java.util.Map;

/** Tensors, parameters and outputs of a graph, shared by all its scopes, in order of creation. */
final class GraphContents {
    final Map<String, Tensor> tensors = new LinkedHashMap<>();
    final Map<String, Parameter> parameters = new LinkedHashMap<>();
    final Map<String, ModulePath> parameterModules = new LinkedHashMap<>();
    final Map<String, Tensor> outputs = new LinkedHashMap<>();

    Tensor add(Tensor tensor) {
        if (tensors.putIfAbsent(tensor.name(), tensor) != null)
            throw new IllegalStateException("duplicate tensor '" + tensor.name() + "'");
        return tensor;
    }

    /** Adds a parameter of a layer in a module. */
    void register(Parameter parameter, ModulePath module) {
        Parameter existing = parameters.putIfAbsent(parameter.name(), parameter);
        parameterModules.putIfAbsent(parameter.name(), module);
        // Only constants may be shared this way; a trainable parameter belongs to one layer.
        boolean shared = existing != null
                && parameter.role() == Role.CONSTANT
                && existing.shape().equals(parameter.shape());
        if (existing != null && !shared) {
            throw new IllegalStateException("duplicate parameter '" + parameter.name() + "'");
        }
    }

    void output(String name, Tensor x) {
        if (outputs.putIfAbsent(name, x) != null) throw new IllegalStateException("duplicate output '" + name + "'");
    }
}
