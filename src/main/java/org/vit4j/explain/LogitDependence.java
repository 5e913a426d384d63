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
 * Which tensors the logits depend on, and whether on the cells of their grid: a head that reads the class token leaves
 * the patches of the last block unheard, and a gradient by them is zero.
 */
final class LogitDependence {
    private final Map<String, SpatialMap> places;
    /** Tensors that are read; true where cells of the grid are. */
    private final Map<Tensor, Boolean> read = new HashMap<>();

    private LogitDependence(Map<String, SpatialMap> places) {
        this.places = places;
    }

    /** Tensors with a grid [H, W, C] or [T, D] whose cells change the logits, in the order of the graph. */
    static List<Tensor> spatial(Graph graph, Map<String, SpatialMap> places) {
        LogitDependence reach = new LogitDependence(places);
        reach.read.put(graph.outputs().get("logits"), true);
        List<Tensor> order = new ArrayList<>(graph.tensors());
        for (int i = order.size() - 1; i >= 0; i--) {
            Boolean cells = reach.read.get(order.get(i));
            if (cells != null) reach.follow(order.get(i), cells);
        }
        return order.stream()
                .filter(t -> reach.read.getOrDefault(t, false))
                .filter(t -> places.get(t.name()).spatial().isPresent())
                .toList();
    }

    private void follow(Tensor t, boolean cells) {
        List<Tensor> in = t.inputs();
        Op op = t.op();
        if (op instanceof Op.Slice) {
            read(in.get(0), cells && (hasGrid(t) || !hasGrid(in.get(0))));
        } else if (op instanceof Op.Concat && hasGrid(t)) {
            for (Tensor part : in) {
                if (!hasGrid(part)) read(part, true);
                else if (cells || !onlyGrid(part)) read(part, cells);
            }
        } else if (op instanceof Op.AttentionScores
                || op instanceof Op.WeightedSum
                || op instanceof HeadOp.LinearAttention) {
            read(in.get(0), cells); // queries, or the maps by their rows
            for (Tensor context : in.subList(1, in.size())) read(context, true);
        } else {
            for (Tensor input : in) read(input, cells || op instanceof HeadOp.LastTokenQkv);
        }
    }

    private void read(Tensor t, boolean cells) {
        read.merge(t, cells, Boolean::logicalOr);
    }

    private boolean hasGrid(Tensor t) {
        SpatialMap p = places.get(t.name());
        return p.image().isPresent() || p.tokens().values().stream().anyMatch(TokenGrid::hasGrid);
    }

    private boolean onlyGrid(Tensor t) {
        return places.get(t.name()).spatial().filter(TokenGrid::isGridOnly).isPresent();
    }
}
