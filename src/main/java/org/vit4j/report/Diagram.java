package org.vit4j.report;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;

/** A part of a graph as a drawing: Mermaid text, which GitHub, GitLab and notebooks render. */
public final class Diagram {
    private Diagram() {}

    /**
     * The tensors below a path, with what comes in from outside.
     *
     * @param path such as {@code blocks.0}; empty for the whole network
     * @throws IllegalArgumentException when nothing lies below it
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
        if (lines.isEmpty()) throw new IllegalArgumentException("no tensor lies below '" + path + "'");
        return "flowchart TD\n" + String.join("\n", lines) + "\n";
    }

    private static String id(Map<String, String> ids, Tensor tensor) {
        return ids.computeIfAbsent(tensor.name(), any -> "t" + ids.size());
    }

    private static String label(Tensor tensor, String prefix) {
        String what = tensor.op() instanceof Op.Activate activate
                ? activate.function().name()
                : tensor.op().getClass().getSimpleName();
        return tensor.name().substring(prefix.length()) + "<br/>" + what + " " + tensor.shape();
    }
}
