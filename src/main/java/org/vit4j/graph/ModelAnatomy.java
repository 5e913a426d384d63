package org.vit4j.graph;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** What weights are for, read off a graph: whoever fine-tunes asks here instead of knowing architectures. */
public final class ModelAnatomy {
    private ModelAnatomy() {}

    /** The weights of the dense layers that make the outputs: all that depends on the number of classes. */
    public static Set<String> heads(Graph graph) {
        Set<String> heads = new LinkedHashSet<>();
        Set<Tensor> seen = new HashSet<>();
        Deque<Tensor> left = new ArrayDeque<>(graph.outputs().values());
        while (!left.isEmpty()) {
            Tensor x = left.pop();
            if (!seen.add(x)) continue;
            if (x.op() instanceof Op.Dense) x.parameters().forEach(weight -> heads.add(weight.name()));
            // Two heads, their mean; what is no arithmetic on logits lies behind the head.
            boolean arithmetic = x.op() instanceof Op.Add || x.op() instanceof Op.Scale || x.op() instanceof Op.Reshape;
            if (arithmetic) left.addAll(x.inputs());
        }
        return heads;
    }

    /** The kernels of the convolutions that see the pixels: all that depends on the number of channels. */
    public static Set<String> stems(Graph graph) {
        Set<String> stems = new LinkedHashSet<>();
        Set<Tensor> pixels = new HashSet<>();
        for (Tensor x : graph.tensors()) {
            boolean sees = x.inputs().stream().anyMatch(pixels::contains);
            Op op = x.op();
            boolean passes = op instanceof ImageOp.Resize || op instanceof ImageOp.Pad || op instanceof Op.Slice;
            if (op instanceof Op.Input || (sees && passes)) pixels.add(x);
            if (sees && (op instanceof Op.Conv2d || op instanceof ImageOp.StandardizedConv2d)) {
                stems.add(x.parameters().get(0).name());
            }
        }
        return stems;
    }

    /** The position tables, by weight, with the cells they are for. */
    public static Map<String, PositionGrid> grids(Graph graph) {
        Map<String, PositionGrid> grids = new LinkedHashMap<>();
        for (Tensor x : graph.tensors()) {
            if (x.op() instanceof Op.AddParameter table) {
                table.grid().ifPresent(grid -> grids.put(x.parameters().get(0).name(), grid));
            }
        }
        return grids;
    }
}
