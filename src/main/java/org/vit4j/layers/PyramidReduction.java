package org.vit4j.layers;

import java.util.List;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * ViTAE's pyramid reduction module (PRM): parallel strided convolutions of several dilations.
 *
 * @param ratio stride, by which the grid shrinks
 * @param shareWeights true for one kernel for all dilations; as in the authors' code, there is no activation then
 */
public record PyramidReduction(
        int dim, int ratio, int kernel, List<Integer> dilations, boolean shareWeights, JoinType join) {
    /** Combination of the feature maps of all dilations. */
    public enum JoinType {
        /** Concatenated channels: first dilation, then second, ... */
        CAT,
        SUM
    }

    public PyramidReduction {
        dilations = List.copyOf(dilations);
    }

    /** Number of output channels. */
    public int width() {
        return join == JoinType.CAT ? dim * dilations.size() : dim;
    }

    /** [H, W, C] -> [H/r, W/r, width] */
    public Tensor build(Graph g, Tensor image) {
        Tensor[] maps = new Tensor[dilations.size()];
        Tensor shared = null;
        for (int i = 0; i < maps.length; i++) {
            Window window = window(dilations.get(i));
            if (!shareWeights) {
                Tensor map = g.conv2d("convs." + i + ".0", image, dim, window, 1, true); // [h, w, D]
                maps[i] = g.activate("convs." + i + ".act", map, Activation.GELU);
            } else if (shared == null) {
                shared = g.conv2d("convolution", image, dim, window, 1, true); // [h, w, D]
                maps[i] = shared;
            } else {
                maps[i] = g.conv2dShared("branch" + i, shared, image, window); // [h, w, D]
            }
        }
        if (maps.length == 1) return maps[0];
        Tensor[] more = java.util.Arrays.copyOfRange(maps, 1, maps.length);
        return join == JoinType.SUM ? g.add("sum", maps[0], more) : g.concat("cat", 2, maps); // [h, w, width]
    }

    /** Window padded so that every dilation has the same output size. */
    private Window window(int dilation) {
        int pad = (int) Math.ceil(((kernel - 1) * dilation + 1 - ratio) / 2.0);
        return new Window(kernel, kernel, ratio, ratio, pad, pad, dilation);
    }
}
