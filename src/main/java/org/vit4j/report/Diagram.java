package org.vit4j.report;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** Mermaid flowcharts of a graph or a part of it, which GitHub, GitLab and notebooks render. */
public final class Diagram {
    private Diagram() {}

    /**
     * Draws the tensors below a path and their inputs from outside.
     *
     * @param path such as {@code blocks.0}; empty for the entire network
     * @throws IllegalArgumentException if no tensor name starts with the path
     */
    public static String mermaid(Graph graph, String path) {
        String prefix = path.isEmpty() ? "" : path + ".";
        Map<String, String> ids = new HashMap<>();
        Set<String> lines = new LinkedHashSet<>();
        for (Tensor tensor : graph.tensors()) {
            if (!tensor.name().startsWith(prefix)) continue;
            String id = id(ids, tensor);
            lines.add("  " + id + "[\"" + label(tensor, prefix) + "\"]");
            for (Tensor input : tensor.inputs()) {
                boolean outside = !input.name().startsWith(prefix);
                String from = id(ids, input);
                if (outside) lines.add("  " + from + "([\"" + input.name() + " " + input.shape() + "\"])");
                lines.add("  " + from + " --> " + id);
            }
        }
        if (lines.isEmpty()) throw new IllegalArgumentException("no tensor below path '" + path + "'");
        return "flowchart TD\n" + String.join("\n", lines) + "\n";
    }

    private static String id(Map<String, String> ids, Tensor tensor) {
        return ids.computeIfAbsent(tensor.name(), any -> "t" + ids.size());
    }

    private static String label(Tensor tensor, String prefix) {
        String op = tensor.op() instanceof ArithmeticOp.Activate activate
                ? activate.function().name()
                : tensor.op().getClass().getSimpleName();
        return tensor.name().substring(prefix.length()) + "<br/>" + op + " " + tensor.shape();
    }
}
