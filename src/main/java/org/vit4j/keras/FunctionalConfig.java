package org.vit4j.keras;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.config.ConfigError;

/**
 * Functional model parsed from a {@code config.json} of vit4j or Keras: operations by name, their inputs and their
 * weight groups. Keras numbers weight groups by class, so in a file saved again by Keras only the name identifies a
 * layer.
 */
final class FunctionalConfig {
    private static final int MAX_DEPTH = 16;

    /**
     * @param group of its weights in {@code model.weights.h5}: {@code layers/dense_3}; empty if it is not a layer
     * @param config constructor arguments
     * @param inputs names of the operations that it is called on, in order
     */
    record KerasOperation(String name, String className, String group, JsonNode config, List<String> inputs) {
        boolean isLayer() {
            return !group.isEmpty();
        }
    }

    private final Map<String, KerasOperation> operations = new LinkedHashMap<>();
    private final List<String> outputs;

    private FunctionalConfig(List<String> outputs) {
        this.outputs = outputs;
    }

    /**
     * Finds the model and all nested models, outermost first. Users may nest the exported model in a larger one.
     *
     * @param label of the file in error messages
     * @return an empty list if there is no Functional model
     */
    static List<FunctionalConfig> all(JsonNode model, String label) {
        List<FunctionalConfig> found = new ArrayList<>();
        collect(model, "", label, 0, found);
        return found;
    }

    private static void collect(JsonNode model, String path, String label, int depth, List<FunctionalConfig> found) {
        if (depth > MAX_DEPTH) throw new ConfigError(label + ": models are nested more than " + MAX_DEPTH + " deep");
        JsonNode config = model.path("config");
        FunctionalConfig functional = new FunctionalConfig(tensors(config.path("output_layers")));
        if (model.path("class_name").asText().equals("Functional")) found.add(functional);
        Map<String, Integer> counters = new HashMap<>();
        for (JsonNode node : config.path("layers")) {
            String group = node.path("module").asText().startsWith("keras.src.ops")
                    ? ""
                    : path + "layers/"
                            + KerasOrder.group(node.path("class_name").asText(), counters);
            KerasOperation operation = operation(node, group, label);
            if (functional.operations.put(operation.name(), operation) != null) {
                throw new ConfigError(label + ": duplicate layer '" + operation.name() + "'");
            }
            if (node.path("config").has("layers")) collect(node, group + "/", label, depth + 1, found);
        }
    }

    private static KerasOperation operation(JsonNode node, String group, String label) {
        String name = node.path("name").asText(node.path("config").path("name").asText());
        if (name.isEmpty()) throw new ConfigError(label + ": layer without a name");
        List<String> inputs = new ArrayList<>();
        for (JsonNode argument : node.path("inbound_nodes").path(0).path("args")) inputs(argument, 0, inputs);
        return new KerasOperation(name, node.path("class_name").asText(), group, node.path("config"), inputs);
    }

    private static void inputs(JsonNode argument, int depth, List<String> inputs) {
        JsonNode history = argument.path("config").path("keras_history").path(0);
        if (history.isTextual()) inputs.add(history.textValue());
        else if (argument.isArray() && depth < 2) argument.forEach(one -> inputs(one, depth + 1, inputs));
    }

    /** Output names. One output is {@code [name, 0, 0]}, several are a list of such triples. */
    private static List<String> tensors(JsonNode outputs) {
        if (outputs.path(0).isTextual()) return List.of(outputs.path(0).textValue());
        List<String> names = new ArrayList<>();
        outputs.forEach(output -> names.add(output.path(0).asText()));
        return names;
    }

    /** Returns the operation of that name, or null. */
    KerasOperation operation(String name) {
        return operations.get(name);
    }

    /** All operations, in file order. */
    Collection<KerasOperation> operations() {
        return Collections.unmodifiableCollection(operations.values());
    }

    List<String> outputs() {
        return outputs;
    }
}
