package org.vit4j.graph.analysis;

import java.util.Map;
import java.util.Optional;
import org.vit4j.graph.Graph;

/**
 * Positions on the image of the elements of a tensor, derived from the operations of the graph for any architecture.
 * Used to draw attention maps and heat maps.
 *
 * @param image the grid of an image [H, W, C]
 * @param tokens layouts of the token axes: 0 of [T, D], 1 of heads [H, T, d], 1 (queries) and 2 (keys) of maps [H, T,
 *     S]
 */
public record SpatialMap(Optional<TokenGrid> image, Map<Integer, TokenGrid> tokens) {
    /** A tensor without known positions. */
    static final SpatialMap NONE = new SpatialMap(Optional.empty(), Map.of());

    public SpatialMap {
        tokens = Map.copyOf(tokens);
    }

    static SpatialMap image(TokenGrid.GridAxis rows, TokenGrid.GridAxis columns) {
        return new SpatialMap(Optional.of(new TokenGrid(0, rows, columns, 0)), Map.of());
    }

    static SpatialMap axis(int axis, TokenGrid layout) {
        return axes(Map.of(axis, layout));
    }

    static SpatialMap axes(Map<Integer, TokenGrid> tokens) {
        return new SpatialMap(Optional.empty(), tokens);
    }

    /** Returns the grid of an image [H, W, C] or of tokens [T, D], if there is one. */
    public Optional<TokenGrid> spatial() {
        return image.or(() ->
                Optional.ofNullable(tokens.size() == 1 ? tokens.get(0) : null).filter(TokenGrid::hasGrid));
    }

    /** Returns true if no positions are known. */
    public boolean isEmpty() {
        return image.isEmpty() && tokens.isEmpty();
    }

    /** Returns true if some elements have a position on the image. */
    public boolean hasGrid() {
        return image.isPresent() || tokens.values().stream().anyMatch(TokenGrid::hasGrid);
    }

    /** Computes the maps of all tensors of a graph, by tensor name. */
    public static Map<String, SpatialMap> of(Graph graph) {
        return SpatialMapVisitor.maps(graph);
    }
}
