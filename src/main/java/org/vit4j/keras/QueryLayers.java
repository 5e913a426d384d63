package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.List;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Attention with the last token as the only query. */
final class QueryLayers {
    private QueryLayers() {}

    /** Keras has no dense layer over part of its kernel, so all queries are computed and all but the last dropped. */
    static KerasNode lastQuery(KerasNetwork net, Tensor t, AttentionOp.LastTokenQkv last, KerasNode x) {
        int tokens = x.shape().dim(0);
        int width = last.width();
        KerasNode qkv = net.layer(
                t.name(),
                "Dense",
                config("units", 3 * width, "use_bias", last.bias()),
                Shape.of(tokens, 3 * width),
                KerasLayers.variables(t.parameters(), "kernel", "bias"),
                x);
        Shape partsShape = Shape.of(tokens, 3, width);
        KerasNode parts =
                net.layer(t.name() + ".parts", "Reshape", config("target_shape", partsShape.dims()), partsShape, qkv);
        return net.merge(
                t.name() + ".concat",
                "Concatenate",
                config("axis", 1),
                t.shape(),
                List.of(
                        part(net, t.name() + ".query", parts, tokens - 1, 0),
                        part(net, t.name() + ".keys", parts, 0, 1),
                        part(net, t.name() + ".values", parts, 0, 2)));
    }

    /** [T, 3, W] -> [rows, W]: the rows of one part, starting at {@code from}. */
    private static KerasNode part(KerasNetwork net, String path, KerasNode parts, int from, int part) {
        int rows = parts.shape().dim(0) - from;
        int width = parts.shape().last();
        List<List<Integer>> crop = List.of(List.of(from, 0), List.of(part, 2 - part));
        KerasNode cropped = net.layer(
                path + ".cut",
                "Cropping2D",
                config("cropping", crop, "data_format", "channels_last"),
                Shape.of(rows, 1, width),
                parts);
        Shape flat = Shape.of(rows, width);
        return net.layer(path, "Reshape", config("target_shape", flat.dims()), flat, cropped);
    }
}
