package org.vit4j.explain;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.SpatialMap;
import org.vit4j.graph.analysis.TokenGrid;

/**
 * A layer of softmax attention.
 *
 * @param name of the layer, such as {@code blocks.3.attn}
 * @param softmax tensor of the attention probabilities [H, T, S] as the softmax computes them; rows sum to 1
 * @param applied tensor of the attention maps that multiply the values; differs from {@code softmax} if heads are mixed
 *     after the softmax
 * @param queries positions of the T rows on the image
 * @param keys positions of the S columns on the image
 */
public record AttentionLayer(
        String name, String softmax, String applied, int heads, TokenGrid queries, TokenGrid keys) {

    /** Returns all softmax attention layers of a graph, in graph order. */
    public static List<AttentionLayer> of(Graph graph) {
        Map<String, SpatialMap> spatialMaps = SpatialMap.of(graph);
        List<AttentionLayer> layers = new ArrayList<>();
        for (Tensor mix : graph.tensors()) {
            if (!(mix.op() instanceof AttentionOp.WeightedSum)) continue;
            Tensor applied = mix.input();
            while (applied.op() instanceof DropOp.Dropout) applied = applied.input();
            Tensor softmax = applied;
            while (!(softmax.op() instanceof AttentionOp.Softmax)) softmax = softmax.input();
            Map<Integer, TokenGrid> axes = spatialMaps.get(softmax.name()).tokens();
            layers.add(new AttentionLayer(
                    layer(softmax),
                    softmax.name(),
                    applied.name(),
                    softmax.dim(0),
                    axes.getOrDefault(1, TokenGrid.withoutGrid(softmax.dim(1))),
                    axes.getOrDefault(2, TokenGrid.withoutGrid(softmax.dim(2)))));
        }
        return layers;
    }

    /** Returns the names of the layers with linear attention by random features, which have no attention maps. */
    public static List<String> withoutMaps(Graph graph) {
        return graph.tensors().stream()
                .filter(tensor -> tensor.op() instanceof AttentionOp.LinearAttention)
                .map(AttentionLayer::layer)
                .toList();
    }

    private static String layer(Tensor tensor) {
        return tensor.module().isRoot() ? tensor.name() : tensor.module().toString();
    }
}
