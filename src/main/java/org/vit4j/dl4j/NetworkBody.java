package org.vit4j.dl4j;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;

/**
 * The part of a graph that a tensor depends on.
 *
 * @param tensors in the order of the graph; the last one is the tensor
 * @param parameters by their names in DL4J, see {@link #dl4jName}
 */
record NetworkBody(List<Tensor> tensors, Map<String, Parameter> parameters) {
    /**
     * The part up to a tensor.
     *
     * @param tensor name of a tensor or of an output, such as {@code logits}
     * @throws IllegalArgumentException if the graph has no tensor of that name, or its shape is neither [D] nor
     *     [T, D]
     */
    static NetworkBody of(Graph graph, String tensor) {
        Tensor output = graph.outputs().get(tensor);
        Tensor last = output != null ? output : graph.tensor(tensor);
        if (last.shape().rank() > 2) {
            throw new IllegalArgumentException(
                    tensor + ": expected a tensor of shape [D] or [T, D], got " + last.shape());
        }
        Set<String> needed = new HashSet<>();
        collect(last, needed);
        List<Tensor> tensors =
                graph.tensors().stream().filter(t -> needed.contains(t.name())).toList();
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        for (Tensor t : tensors) t.parameters().forEach(parameter -> parameters.put(dl4jName(parameter), parameter));
        return new NetworkBody(tensors, parameters);
    }

    /** The name with hyphens for underscores: DL4J splits {@code vertex_parameter} at the last underscore. */
    static String dl4jName(Parameter parameter) {
        return parameter.name().replace('_', '-');
    }

    private static void collect(Tensor tensor, Set<String> needed) {
        if (needed.add(tensor.name())) tensor.inputs().forEach(input -> collect(input, needed));
    }

    /** The tensor that the body computes. */
    Tensor output() {
        return tensors.get(tensors.size() - 1);
    }
}
