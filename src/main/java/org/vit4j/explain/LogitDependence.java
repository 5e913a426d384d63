package org.vit4j.explain;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.SpatialMap;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.TokenGrid;

/**
 * Finds the tensors whose grid cells affect the logits. If the head reads only the class token, the last block's
 * patches do not affect the logits and their gradient is zero.
 */
final class LogitDependence {
    private final Map<String, SpatialMap> spatialMaps;
    /** Tensors that the logits depend on; true if they depend on the cells of the grid. */
    private final Map<Tensor, Boolean> used = new HashMap<>();

    private LogitDependence(Map<String, SpatialMap> spatialMaps) {
        this.spatialMaps = spatialMaps;
    }

    /** Returns the tensors with a grid, [H, W, C] or [T, D], whose cells affect the logits, in graph order. */
    static List<Tensor> spatial(Graph graph, Map<String, SpatialMap> spatialMaps) {
        LogitDependence dependence = new LogitDependence(spatialMaps);
        dependence.used.put(graph.outputs().get("logits"), true);
        List<Tensor> order = new ArrayList<>(graph.tensors());
        for (int i = order.size() - 1; i >= 0; i--) {
            Boolean cells = dependence.used.get(order.get(i));
            if (cells != null) dependence.propagate(order.get(i), cells);
        }
        return order.stream()
                .filter(t -> dependence.used.getOrDefault(t, false))
                .filter(t -> spatialMaps.get(t.name()).spatial().isPresent())
                .toList();
    }

    private void propagate(Tensor t, boolean cells) {
        List<Tensor> in = t.inputs();
        Op op = t.op();
        if (op instanceof Op.Slice) {
            use(in.get(0), cells && (hasGrid(t) || !hasGrid(in.get(0))));
        } else if (op instanceof Op.Concat && hasGrid(t)) {
            for (Tensor part : in) {
                if (!hasGrid(part)) use(part, true);
                else if (cells || !onlyGrid(part)) use(part, cells);
            }
        } else if (op instanceof Op.AttentionScores
                || op instanceof Op.WeightedSum
                || op instanceof HeadOp.LinearAttention) {
            use(in.get(0), cells); // queries, or rows of the attention maps
            for (Tensor context : in.subList(1, in.size())) use(context, true);
        } else {
            for (Tensor input : in) use(input, cells || op instanceof HeadOp.LastTokenQkv);
        }
    }

    private void use(Tensor t, boolean cells) {
        used.merge(t, cells, Boolean::logicalOr);
    }

    private boolean hasGrid(Tensor t) {
        SpatialMap p = spatialMaps.get(t.name());
        return p.image().isPresent() || p.tokens().values().stream().anyMatch(TokenGrid::hasGrid);
    }

    private boolean onlyGrid(Tensor t) {
        return spatialMaps.get(t.name()).spatial().filter(TokenGrid::isGridOnly).isPresent();
    }
}
