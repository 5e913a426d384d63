package org.vit4j.onnx;

import java.util.List;
import org.vit4j.graph.Activation;

/** Activation functions; those without an operator in ONNX are composed. */
final class ActivationNodes {
    private ActivationNodes() {}

    static String activate(OnnxGraphBuilder nodes, String name, Activation function, String x) {
        return switch (function) {
            case RELU -> nodes.node("Relu", name, List.of(x));
            case HARD_SWISH -> nodes.node("HardSwish", name, List.of(x));
            case SILU -> gated(nodes, name, x, x);
            case QUICK_GELU -> {
                String scaled = nodes.node("Mul", name + "/scaled", List.of(x, nodes.number(1.702)));
                yield gated(nodes, name, x, scaled);
            }
            case GELU -> gelu(nodes, name, x);
        };
    }

    private static String gated(OnnxGraphBuilder nodes, String name, String x, String by) {
        return nodes.node("Mul", name, List.of(x, nodes.node("Sigmoid", name + "/gate", List.of(by))));
    }

    /** Exact GELU as the five nodes of PyTorch's exporter, a pattern that runtimes fuse. */
    private static String gelu(OnnxGraphBuilder nodes, String name, String x) {
        String scaled = nodes.node("Div", name + "/scaled", List.of(x, nodes.number(Math.sqrt(2))));
        String erf = nodes.node("Erf", name + "/erf", List.of(scaled));
        String gate = nodes.node("Add", name + "/gate", List.of(erf, nodes.number(1)));
        String twice = nodes.node("Mul", name + "/twice", List.of(x, gate));
        return nodes.node("Mul", name, List.of(twice, nodes.number(0.5)));
    }
}
