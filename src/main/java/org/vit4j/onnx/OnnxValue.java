package org.vit4j.onnx;

import java.util.List;
import org.vit4j.graph.Shape;

/**
 * A converted tensor in one or both of two layouts: plain, with the axes of the graph, and image, with channels first
 * as in ONNX convolutions. Adds the transpose to the other layout on first use.
 */
final class OnnxValue {
    private final OnnxGraphBuilder nodes;
    private final String name;
    private final Shape shape;
    private String plain;
    private String image;

    private OnnxValue(OnnxGraphBuilder nodes, String name, Shape shape, String plain, String image) {
        this.nodes = nodes;
        this.name = name;
        this.shape = shape;
        this.plain = plain;
        this.image = image;
    }

    /** @param value [B, ..], with the axes of {@code shape} */
    static OnnxValue plain(OnnxGraphBuilder nodes, Shape shape, String value) {
        return new OnnxValue(nodes, value, shape, value, null);
    }

    /** @param value [B, C, H, W] if {@code shape} is [H, W, C] */
    static OnnxValue image(OnnxGraphBuilder nodes, Shape shape, String value) {
        return new OnnxValue(nodes, value, shape, null, value);
    }

    Shape shape() {
        return shape;
    }

    /** Returns true if {@link #image} needs no transpose. */
    boolean isImage() {
        return image != null;
    }

    /** Value with the axes of the graph. */
    String plain() {
        if (plain == null) {
            plain = nodes.node(
                    "Transpose", name + "/last", List.of(image), OnnxGraphBuilder.integers("perm", 0, 2, 3, 1));
        }
        return plain;
    }

    /** Value with channels first. */
    String image() {
        if (image == null) {
            image = nodes.node(
                    "Transpose", name + "/first", List.of(plain), OnnxGraphBuilder.integers("perm", 0, 3, 1, 2));
        }
        return image;
    }

    /** Value in an existing layout, preferably channels first. */
    String current() {
        return image != null ? image : plain;
    }

    /** Axes of {@link #current} after the batch. */
    List<Integer> dims() {
        return image == null ? shape.dims() : List.of(shape.dim(2), shape.dim(0), shape.dim(1));
    }

    /** Index in {@link #current}, including the batch, of an axis of {@link #shape}. */
    int axis(int axis) {
        return image == null ? axis + 1 : (axis + 1) % 3 + 1;
    }
}
