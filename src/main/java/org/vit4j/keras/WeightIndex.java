package org.vit4j.keras;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Shape;

/**
 * {@code vit4j/weights.json}: where in {@code model.weights.h5} each weight of ours lies, and which of its datasets are
 * a weight once more ({@code copies}) or constants of the exporter's ({@code helpers}), by path.
 */
record WeightIndex(
        Map<String, StoredWeight> weights, Map<String, CopiedWeight> copies, Map<String, HelperWeight> helpers) {
    private static final int VERSION = 1;

    /** @param stored the dataset's shape: the same elements in the same order as {@code shape} */
    record StoredWeight(String path, Shape shape, Shape stored) {}

    /** @param weight of ours, whose place is elsewhere */
    record CopiedWeight(String weight, Shape stored) {}

    /**
     * @param value of every element, if they are all the same
     * @param layer the Keras layer that needs it, variable its name there
     */
    record HelperWeight(Shape shape, Optional<Float> value, String layer, String variable) {}

    static WeightIndex of(KerasModel model) {
        Map<String, StoredWeight> weights = new LinkedHashMap<>();
        Map<String, CopiedWeight> copies = new LinkedHashMap<>();
        Map<String, HelperWeight> helpers = new LinkedHashMap<>();
        for (WeightSlot slot : model.slots()) {
            KerasVariable.VariableSource source = slot.variable().source();
            if (source instanceof KerasVariable.VariableSource.WholeParameter whole) {
                weights.put(
                        whole.weight().name(),
                        new StoredWeight(slot.path(), whole.weight().shape(), slot.shape()));
            } else if (source instanceof KerasVariable.VariableSource.ParameterCopy copy) {
                copies.put(slot.path(), new CopiedWeight(copy.weight().name(), slot.shape()));
            } else if (source instanceof KerasVariable.VariableSource.StandardizedKernel standardized) {
                copies.put(slot.path(), new CopiedWeight(standardized.weight().name(), slot.shape()));
            } else {
                Optional<Float> value = source instanceof KerasVariable.VariableSource.FilledArray filled
                        ? Optional.of(filled.value())
                        : Optional.empty();
                String variable = slot.variable().name();
                helpers.put(slot.path(), new HelperWeight(slot.shape(), value, slot.layer(), variable));
            }
        }
        return new WeightIndex(weights, copies, helpers);
    }

    byte[] toJson() {
        ObjectNode root = KerasJson.JSON.createObjectNode().put("version", VERSION);
        ObjectNode weightsNode = root.putObject("weights");
        weights.forEach((name, place) -> {
            ObjectNode node = weightsNode.putObject(name).put("path", place.path());
            node.set("shape", dims(place.shape()));
            if (!place.stored().equals(place.shape())) node.set("stored", dims(place.stored()));
        });
        ObjectNode copiesNode = root.putObject("copies");
        copies.forEach((path, copy) ->
                copiesNode.putObject(path).put("weight", copy.weight()).set("shape", dims(copy.stored())));
        ObjectNode helpersNode = root.putObject("helpers");
        helpers.forEach((path, helper) -> {
            ObjectNode node = helpersNode.putObject(path);
            helper.value().ifPresent(value -> node.put("value", value));
            node.set("shape", dims(helper.shape()));
            node.put("layer", helper.layer()).put("variable", helper.variable());
        });
        return KerasJson.bytes(root);
    }

    private static JsonNode dims(Shape shape) {
        return KerasJson.JSON.valueToTree(shape.dims());
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @param label what to call the file when something is wrong with it
     */
    static WeightIndex parse(byte[] json, String label) {
        try {
            JsonNode root = KerasJson.JSON.readTree(json);
            int version = root.path("version").asInt();
            if (version != VERSION) {
                throw new ConfigError(label + ": version " + version + " is not known, expected " + VERSION);
            }
            Map<String, StoredWeight> weights = new LinkedHashMap<>();
            root.path("weights").properties().forEach(e -> weights.put(e.getKey(), place(e.getValue())));
            Map<String, HelperWeight> helpers = new LinkedHashMap<>();
            root.path("helpers").properties().forEach(e -> helpers.put(e.getKey(), helper(e.getValue())));
            Map<String, CopiedWeight> copies = new LinkedHashMap<>();
            root.path("copies").properties().forEach(e -> copies.put(e.getKey(), copy(e.getValue())));
            WeightIndex index = new WeightIndex(weights, copies, helpers);
            index.bytes(); // overflows here, if it does
            return index;
        } catch (JsonProcessingException e) {
            throw new ConfigError(label + ": no JSON: " + e.getOriginalMessage(), e);
        } catch (IOException | IllegalArgumentException | ArithmeticException e) {
            throw new ConfigError(label + ": " + e.getMessage(), e);
        }
    }

    private static StoredWeight place(JsonNode node) {
        Shape shape = shape(node.path("shape"));
        Shape stored = node.has("stored") ? shape(node.path("stored")) : shape;
        if (shape.size() != stored.size()) throw new IllegalArgumentException(shape + " cannot be stored as " + stored);
        return new StoredWeight(text(node, "path"), shape, stored);
    }

    private static CopiedWeight copy(JsonNode node) {
        return new CopiedWeight(text(node, "weight"), shape(node.path("shape")));
    }

    private static HelperWeight helper(JsonNode node) {
        Optional<Float> value =
                node.has("value") ? Optional.of((float) node.path("value").asDouble()) : Optional.empty();
        return new HelperWeight(shape(node.path("shape")), value, text(node, "layer"), text(node, "variable"));
    }

    private static Shape shape(JsonNode node) {
        List<Integer> dims = new ArrayList<>();
        for (JsonNode dim : node) {
            if (!dim.isInt()) throw new IllegalArgumentException("a shape holds whole numbers, got " + dim);
            dims.add(dim.intValue());
        }
        if (dims.isEmpty()) throw new IllegalArgumentException("a weight has no shape");
        return new Shape(dims);
    }

    private static String text(JsonNode node, String key) {
        if (!node.path(key).isTextual()) throw new IllegalArgumentException("'" + key + "' is missing");
        return node.path(key).textValue();
    }

    /** Of all datasets together. */
    long bytes() {
        long elements = 0;
        for (StoredWeight place : weights.values()) {
            elements = Math.addExact(elements, place.shape().size());
        }
        for (CopiedWeight copy : copies.values()) {
            elements = Math.addExact(elements, copy.stored().size());
        }
        for (HelperWeight helper : helpers.values()) {
            elements = Math.addExact(elements, helper.shape().size());
        }
        return Math.multiplyExact(elements, Float.BYTES);
    }

    int datasets() {
        return weights.size() + copies.size() + helpers.size();
    }
}
