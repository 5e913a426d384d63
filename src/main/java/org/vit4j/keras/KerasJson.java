package org.vit4j.keras;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Serializes a Functional model to {@code config.json}. Omitted settings take Keras' defaults. */
final class KerasJson {
    static final ObjectMapper JSON = new ObjectMapper();

    private KerasJson() {}

    static JsonNode model(String name, List<KerasNode> nodes, KerasNode output) {
        ObjectNode model = JSON.createObjectNode();
        model.put("module", "keras.src.models.functional");
        model.put("class_name", "Functional");
        ObjectNode config = model.putObject("config");
        config.put("name", name).put("trainable", true);
        ArrayNode layers = config.putArray("layers");
        nodes.forEach(node -> layers.add(operation(node)));
        KerasNode input = nodes.stream()
                .filter(node -> node.inputs().isEmpty())
                .findFirst()
                .orElseThrow();
        config.set("input_layers", reference(input));
        config.set("output_layers", reference(output));
        model.put("registered_name", "Functional");
        model.putObject("build_config").putNull("input_shape");
        return model;
    }

    private static ObjectNode operation(KerasNode node) {
        ObjectNode operation = JSON.createObjectNode();
        operation.put("module", node.kind().module());
        operation.put("class_name", node.className());
        operation.set("config", JSON.valueToTree(node.config()));
        operation.put("registered_name", node.isLayer() ? null : node.className());
        operation.put("name", node.name());
        ArrayNode calls = operation.putArray("inbound_nodes");
        if (node.inputs().isEmpty()) return operation;
        ObjectNode call = calls.addObject();
        ArrayNode args = call.putArray("args");
        ArrayNode tensors = node.takesList() ? args.addArray() : args;
        node.inputs().forEach(input -> tensors.add(tensor(input)));
        node.constants().forEach(constant -> args.add(JSON.<JsonNode>valueToTree(constant)));
        call.putObject("kwargs");
        return operation;
    }

    private static ObjectNode tensor(KerasNode node) {
        ObjectNode tensor = JSON.createObjectNode().put("class_name", "__keras_tensor__");
        ObjectNode config = tensor.putObject("config");
        config.set("shape", JSON.valueToTree(BatchShape.of(node.shape())));
        config.put("dtype", "float32");
        config.set("keras_history", reference(node));
        return tensor;
    }

    /** [name, node index, tensor index]; every operation is called once and has one output. */
    private static ArrayNode reference(KerasNode node) {
        return JSON.createArrayNode().add(node.name()).add(0).add(0);
    }

    static byte[] bytes(JsonNode node) {
        try {
            return JSON.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new AssertionError("cannot serialize a JSON tree", e);
        }
    }
}
