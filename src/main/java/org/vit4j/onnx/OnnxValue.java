package org.vit4j.onnx;

import java.util.List;
import org.vit4j.graph.Shape;

/**
 * What a tensor of ours became, in one or both of its forms: plain, the axes as the graph has them, or for an image as
 * ONNX' convolutions want it, channels first. The other form is made when it is asked for, once.
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

    /** @param value [B, ..], the axes of {@code shape} */
    static OnnxValue plain(OnnxGraphBuilder nodes, Shape shape, String value) {
        return new OnnxValue(nodes, value, shape, value, null);
    }

    /** @param value [B, C, H, W] where {@code shape} is [H, W, C] */
    static OnnxValue image(OnnxGraphBuilder nodes, Shape shape, String value) {
        return new OnnxValue(nodes, value, shape, null, value);
    }

    Shape shape() {
        return shape;
    }

    /** Whether channels come first by nature: nothing has to be turned to get {@link #image}. */
    boolean isImage() {
        return image != null;
    }

    String plain() {
        if (plain == null) {
            plain = nodes.node(
                    "Transpose", name + "/last", List.of(image), OnnxGraphBuilder.wholes("perm", 0, 2, 3, 1));
        }
        return plain;
    }

    String image() {
        if (image == null) {
            image = nodes.node(
                    "Transpose", name + "/first", List.of(plain), OnnxGraphBuilder.wholes("perm", 0, 3, 1, 2));
        }
        return image;
    }

    /** The form it has already. */
    String either() {
        return image != null ? image : plain;
    }

    /** The axes of {@link #either} behind the batch. */
    List<Integer> dims() {
        return image == null ? shape.dims() : List.of(shape.dim(2), shape.dim(0), shape.dim(1));
    }

    /** The axis of {@link #either} that is {@code axis} of our shape, the batch counted. */
    int axis(int axis) {
        return image == null ? axis + 1 : (axis + 1) % 3 + 1;
    }
}
