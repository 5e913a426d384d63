package org.vit4j.onnx;

import java.util.List;
import onnx.OnnxMl.TensorProto.DataType;
import org.vit4j.graph.Shape;

/**
 * Content of the input {@code images} of an exported network. Images must have the network's size: the caller resizes
 * and crops.
 *
 * @param mean per channel, for pixels in [0, 1]; subtracted in the model unless {@code kind} is NORMALIZED
 * @param std per channel
 */
public record PixelInput(PixelInputKind kind, List<Double> mean, List<Double> std) {
    /** Type and axes of the input. */
    public enum PixelInputKind {
        /** float32 [N, C, H, W], already normalized to (x / 255 - mean) / std, as in timm's exports. */
        NORMALIZED,
        /** float32 [N, H, W, C] in [0, 255]. */
        FLOAT,
        /** uint8 [N, H, W, C], as returned by image decoders. */
        UINT8
    }

    public PixelInput {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
    }

    public static PixelInput normalized() {
        return new PixelInput(PixelInputKind.NORMALIZED, List.of(), List.of());
    }

    /**
     * Declares the input and adds its normalization.
     *
     * @param image [H, W, C]
     */
    OnnxValue value(OnnxGraphBuilder nodes, String input, Shape image) {
        if (kind == PixelInputKind.NORMALIZED) {
            nodes.input(input, DataType.FLOAT, List.of(image.dim(2), image.dim(0), image.dim(1)));
            return OnnxValue.image(nodes, image, input);
        }
        nodes.input(input, kind == PixelInputKind.UINT8 ? DataType.UINT8 : DataType.FLOAT, image.dims());
        return OnnxValue.plain(nodes, image, normalize(nodes, input));
    }

    /** Normalizes in the order of torchvision's ToTensor and Normalize, for bit-identical results. */
    private String normalize(OnnxGraphBuilder nodes, String input) {
        String pixels = input;
        if (kind == PixelInputKind.UINT8)
            pixels = nodes.node("Cast", input + "/float", List.of(input), OnnxGraphBuilder.integer("to", 1));
        String scaled = nodes.node("Div", input + "/scaled", List.of(pixels, nodes.number(255)));
        String centered = nodes.node("Sub", input + "/centered", List.of(scaled, row(nodes, input + "/mean", mean)));
        return nodes.node("Div", input + "/normalized", List.of(centered, row(nodes, input + "/std", std)));
    }

    private static String row(OnnxGraphBuilder nodes, String name, List<Double> values) {
        float[] floats = new float[values.size()];
        for (int c = 0; c < floats.length; c++) floats[c] = values.get(c).floatValue();
        return nodes.floats(name, floats, floats.length);
    }
}
