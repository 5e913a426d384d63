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
 * Content of {@code vit4j/weights.json}: the dataset of each parameter in {@code model.weights.h5}, and by path the
 * datasets that repeat a parameter ({@code copies}) or hold constants added by the exporter ({@code helpers}).
 */
record WeightIndex(
        Map<String, StoredWeight> weights, Map<String, CopiedWeight> copies, Map<String, HelperWeight> helpers) {
    private static final int VERSION = 1;

    /** @param stored shape of the dataset, which has the elements of {@code shape} in the same order */
    record StoredWeight(String path, Shape shape, Shape stored) {}

    /** @param weight name of the parameter, which has a dataset of its own elsewhere */
    record CopiedWeight(String weight, Shape stored) {}

    /**
     * @param value of every element, if all are equal
     * @param layer Keras layer that uses it
     * @param variable name in that layer
     */
    record HelperWeight(Shape shape, Optional<Float> value, String layer, String variable) {}

    static WeightIndex of(KerasModel model) {
        Map<String, StoredWeight> weights = new LinkedHashMap<>();
        Map<String, CopiedWeight> copies = new LinkedHashMap<>();
        Map<String, HelperWeight> helpers = new LinkedHashMap<>();
        for (WeightSlot slot : model.slots()) {
            KerasVariable.VariableSource source = slot.variable().source();
            if (source instanceof KerasVariable.VariableSource.WholeParameter parameter) {
                weights.put(
                        parameter.weight().name(),
                        new StoredWeight(slot.path(), parameter.weight().shape(), slot.shape()));
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
        weights.forEach((name, entry) -> {
            ObjectNode node = weightsNode.putObject(name).put("path", entry.path());
            node.set("shape", dims(entry.shape()));
            if (!entry.stored().equals(entry.shape())) node.set("stored", dims(entry.stored()));
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
     * Parses the output of {@link #toJson}.
     *
     * @param label of the file in error messages
     * @throws ConfigError naming the file and the problem
     */
    static WeightIndex parse(byte[] json, String label) {
        try {
            JsonNode root = KerasJson.JSON.readTree(json);
            int version = root.path("version").asInt();
            if (version != VERSION) {
                throw new ConfigError(label + ": unknown version " + version + ", expected " + VERSION);
            }
            Map<String, StoredWeight> weights = new LinkedHashMap<>();
            root.path("weights").properties().forEach(e -> weights.put(e.getKey(), storedWeight(e.getValue())));
            Map<String, HelperWeight> helpers = new LinkedHashMap<>();
            root.path("helpers").properties().forEach(e -> helpers.put(e.getKey(), helperWeight(e.getValue())));
            Map<String, CopiedWeight> copies = new LinkedHashMap<>();
            root.path("copies").properties().forEach(e -> copies.put(e.getKey(), copiedWeight(e.getValue())));
            WeightIndex index = new WeightIndex(weights, copies, helpers);
            index.bytes(); // throws on overflow
            return index;
        } catch (JsonProcessingException e) {
            throw new ConfigError(label + ": not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException | IllegalArgumentException | ArithmeticException e) {
            throw new ConfigError(label + ": " + e.getMessage(), e);
        }
    }

    private static StoredWeight storedWeight(JsonNode node) {
        Shape shape = shape(node.path("shape"));
        Shape stored = node.has("stored") ? shape(node.path("stored")) : shape;
        if (shape.size() != stored.size()) throw new IllegalArgumentException(shape + " cannot be stored as " + stored);
        return new StoredWeight(text(node, "path"), shape, stored);
    }

    private static CopiedWeight copiedWeight(JsonNode node) {
        return new CopiedWeight(text(node, "weight"), shape(node.path("shape")));
    }

    private static HelperWeight helperWeight(JsonNode node) {
        Optional<Float> value =
                node.has("value") ? Optional.of((float) node.path("value").asDouble()) : Optional.empty();
        return new HelperWeight(shape(node.path("shape")), value, text(node, "layer"), text(node, "variable"));
    }

    private static Shape shape(JsonNode node) {
        List<Integer> dims = new ArrayList<>();
        for (JsonNode dim : node) {
            if (!dim.isInt()) throw new IllegalArgumentException("a shape must contain integers, got " + dim);
            dims.add(dim.intValue());
        }
        if (dims.isEmpty()) throw new IllegalArgumentException("missing shape of a weight");
        return new Shape(dims);
    }

    private static String text(JsonNode node, String key) {
        if (!node.path(key).isTextual()) throw new IllegalArgumentException("missing '" + key + "'");
        return node.path(key).textValue();
    }

    /** Total size of all datasets in bytes. */
    long bytes() {
        long elements = 0;
        for (StoredWeight entry : weights.values()) {
            elements = Math.addExact(elements, entry.shape().size());
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
