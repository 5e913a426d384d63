package org.vit4j.keras;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;

/**
 * A graph converted to a Keras 3 Functional model of built-in layers, with one input {@code image} [H, W, C] and one
 * output, the inference logits.
 */
public final class KerasModel {
    /** Path of parameters that the logits do not depend on. Keras ignores unknown groups. */
    private static final String UNUSED = "vit4j/vars/";

    private final String name;
    private final KerasNode output;
    private final List<KerasNode> nodes;
    private final Map<KerasNode, String> groups;
    private final List<WeightSlot> slots;

    private KerasModel(String name, KerasNode output, Graph graph) {
        this.name = name;
        this.output = output;
        this.nodes = KerasOrder.of(output);
        this.groups = KerasOrder.groups(nodes);
        this.slots = List.copyOf(slots(groups, graph));
    }

    /**
     * Converts the tensor {@code logits} and everything it depends on.
     *
     * @param name of the model in Keras
     * @throws UnsupportedOperationException naming an operation that has no Keras layer
     */
    public static KerasModel of(Graph graph, String name) {
        return new KerasModel(name, KerasLayers.of(graph.tensors(), graph.logits()), graph);
    }

    private static List<WeightSlot> slots(Map<KerasNode, String> groups, Graph graph) {
        List<WeightSlot> slots = new ArrayList<>();
        Set<String> assigned = new HashSet<>();
        groups.forEach((node, group) -> {
            for (int i = 0; i < node.variables().size(); i++) {
                KerasVariable variable = node.variables().get(i);
                // Shared parameters get one layer per use: convolutions that share a kernel, Performer features.
                if (variable.source() instanceof KerasVariable.VariableSource.WholeParameter parameter
                        && !assigned.add(parameter.weight().name())) {
                    variable = variable.copy(parameter.weight());
                }
                slots.add(new WeightSlot("layers/" + group + "/vars/" + i, node.name(), variable));
            }
        });
        int unused = 0;
        for (Parameter weight : graph.parameters()) {
            if (!assigned.contains(weight.name())) {
                slots.add(new WeightSlot(UNUSED + unused++, "", KerasVariable.of(weight.name(), weight)));
            }
        }
        return slots;
    }

    public String name() {
        return name;
    }

    /** Content of {@code config.json}. */
    public JsonNode config() {
        return KerasJson.model(name, nodes, output);
    }

    /** All datasets of {@code model.weights.h5}, in Keras' layer order. */
    public List<WeightSlot> slots() {
        return slots;
    }

    /** All HDF5 groups. Layers without weights have an empty group; Keras before 3.6 fails without the root group. */
    List<String> groups() {
        List<String> paths = new ArrayList<>(List.of("vars"));
        groups.values().forEach(group -> paths.add("layers/" + group + "/vars"));
        return paths;
    }

    List<KerasNode> nodes() {
        return nodes;
    }
}
