package org.vit4j.graph.analysis;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Tensor;

/** Finds head, stem and position parameters in a graph of any architecture, for fine-tuning. */
public final class ModelAnatomy {
    private ModelAnatomy() {}

    /** Parameters of the dense layers that produce the outputs, which depend on the number of classes. */
    public static Set<String> heads(Graph graph) {
        Set<String> heads = new LinkedHashSet<>();
        Set<Tensor> reached = new HashSet<>();
        Deque<Tensor> pending = new ArrayDeque<>(graph.outputs().values());
        while (!pending.isEmpty()) {
            Tensor x = pending.pop();
            if (!reached.add(x)) continue;
            if (x.op() instanceof LinearOp.Dense) x.parameters().forEach(parameter -> heads.add(parameter.name()));
            // Follows the mean of two heads back to both; any other operation ends the search.
            boolean arithmetic = x.op() instanceof ArithmeticOp.Add
                    || x.op() instanceof ArithmeticOp.Scale
                    || x.op() instanceof LayoutOp.Reshape;
            if (arithmetic) pending.addAll(x.inputs());
        }
        return heads;
    }

    /** Kernels of the convolutions that read the pixels, which depend on the number of channels. */
    public static Set<String> stems(Graph graph) {
        Set<String> stems = new LinkedHashSet<>();
        Set<Tensor> pixels = new HashSet<>();
        for (Tensor x : graph.tensors()) {
            boolean readsPixels = x.inputs().stream().anyMatch(pixels::contains);
            Op op = x.op();
            boolean keepsPixels =
                    op instanceof ImageOp.Resize || op instanceof ImageOp.Pad || op instanceof LayoutOp.Slice;
            if (op instanceof Op.Input || (readsPixels && keepsPixels)) pixels.add(x);
            if (readsPixels && (op instanceof LinearOp.Conv2d || op instanceof LinearOp.StandardizedConv2d)) {
                stems.add(x.parameters().get(0).name());
            }
        }
        return stems;
    }

    /** Position tables by parameter name, with the grid each belongs to. */
    public static Map<String, PositionGrid> grids(Graph graph) {
        Map<String, PositionGrid> grids = new LinkedHashMap<>();
        for (Tensor x : graph.tensors()) {
            if (x.op() instanceof ParameterOp.AddParameter table) {
                table.grid().ifPresent(grid -> grids.put(x.parameters().get(0).name(), grid));
            }
        }
        return grids;
    }
}
