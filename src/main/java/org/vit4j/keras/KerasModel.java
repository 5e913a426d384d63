package org.vit4j.keras;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;

/**
 * A graph as a Keras 3 Functional model: built-in layers, one input {@code image} [H, W, C], one output, the logits of
 * inference.
 */
public final class KerasModel {
    /** Where weights lie that the logits do not need; Keras looks at the groups it knows only. */
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
     * Translates what the tensor {@code logits} needs.
     *
     * @param name of the model in Keras
     * @throws UnsupportedOperationException naming an operation that Keras has no layer for
     */
    public static KerasModel of(Graph graph, String name) {
        Tensor logits = graph.outputs().get("logits");
        if (logits == null) throw new IllegalArgumentException("the graph has no output 'logits'");
        return new KerasModel(name, KerasLayers.of(graph.tensors(), logits), graph);
    }

    private static List<WeightSlot> slots(Map<KerasNode, String> groups, Graph graph) {
        List<WeightSlot> slots = new ArrayList<>();
        Set<String> placed = new HashSet<>();
        groups.forEach((node, group) -> {
            for (int i = 0; i < node.variables().size(); i++) {
                KerasVariable variable = node.variables().get(i);
                // Convolutions of one kernel and several dilations, features of queries and keys: a layer each.
                if (variable.source() instanceof KerasVariable.VariableSource.WholeParameter whole
                        && !placed.add(whole.weight().name())) {
                    variable = variable.copy(whole.weight());
                }
                slots.add(new WeightSlot("layers/" + group + "/vars/" + i, node.name(), variable));
            }
        });
        int unused = 0;
        for (Parameter weight : graph.parameters()) {
            if (!placed.contains(weight.name())) {
                slots.add(new WeightSlot(UNUSED + unused++, "", KerasVariable.of(weight.name(), weight)));
            }
        }
        return slots;
    }

    public String name() {
        return name;
    }

    /** What Keras calls {@code config.json}. */
    public JsonNode config() {
        return KerasJson.model(name, nodes, output);
    }

    /** Every dataset of {@code model.weights.h5}, in Keras' order of layers. */
    public List<WeightSlot> slots() {
        return slots;
    }

    /** Layers without weights have an empty group; Keras before 3.6 misses the root's if it is not there. */
    List<String> groups() {
        List<String> paths = new ArrayList<>(List.of("vars"));
        groups.values().forEach(group -> paths.add("layers/" + group + "/vars"));
        return paths;
    }

    List<KerasNode> nodes() {
        return nodes;
    }
}
