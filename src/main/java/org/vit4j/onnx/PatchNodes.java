package org.vit4j.onnx;

import java.util.List;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Unfolding and resizing of images by operators that all runtimes compute exactly. */
final class PatchNodes {
    private PatchNodes() {}

    /** [B, C, H, W] -> [B, T, C * kH * kW]: gathers rows by an index [kH, oH], then columns by [kW, oW]. */
    static String unfold(OnnxGraphBuilder nodes, Tensor t, Window w, OnnxValue x) {
        int height = w.outHeight(x.shape().dim(0)), width = w.outWidth(x.shape().dim(1));
        String in = x.image();
        if (w.padHeight() + w.padWidth() > 0) {
            String padding = nodes.list(0, 0, w.padHeight(), w.padWidth(), 0, 0, w.padHeight(), w.padWidth());
            in = nodes.node("Pad", t.name() + "/pad", List.of(in, padding));
        }
        String down = pixelIndices(nodes, t.name() + "/down", w.kernelHeight(), height, w.strideHeight(), w.dilation());
        String across =
                pixelIndices(nodes, t.name() + "/across", w.kernelWidth(), width, w.strideWidth(), w.dilation());
        String rows = nodes.node("Gather", t.name() + "/rows", List.of(in, down), OnnxGraphBuilder.integer("axis", 2));
        // [B, C, kH, oH, W] -> [B, C, kH, oH, kW, oW]
        String both =
                nodes.node("Gather", t.name() + "/both", List.of(rows, across), OnnxGraphBuilder.integer("axis", 4));
        String transposed = ShapeNodes.transpose(nodes, t.name() + "/turned", both, 0, 3, 5, 1, 2, 4);
        return ShapeNodes.reshape(nodes, t.name(), transposed, t.shape());
    }

    /** Index of pixel k of window o along one axis, [kernel, out]. */
    private static String pixelIndices(
            OnnxGraphBuilder nodes, String name, int kernel, int out, int stride, int dilation) {
        long[] index = new long[kernel * out];
        for (int i = 0; i < index.length; i++) index[i] = (long) i / out * dilation + (long) i % out * stride;
        return nodes.ints(name, index, kernel, out);
    }

    /**
     * Resizes by one matrix product along each axis. ONNX has {@code Resize}, but runtimes compute its coordinates in
     * float, which changes the logits by more than all other operators together.
     */
    static OnnxValue resize(OnnxGraphBuilder nodes, Tensor t, OnnxValue x) {
        double[][] across = ImageOp.Resize.matrix(x.shape().dim(1), t.dim(1)); // [W][W']
        double[][] down = transposed(ImageOp.Resize.matrix(x.shape().dim(0), t.dim(0))); // [H'][H]
        List<String> columns = List.of(x.image(), matrix(nodes, t.name() + "/across", across));
        String wide = nodes.node("MatMul", t.name() + "/wide", columns);
        String y = nodes.node("MatMul", t.name(), List.of(matrix(nodes, t.name() + "/down", down), wide));
        return OnnxValue.image(nodes, t.shape(), y);
    }

    private static double[][] transposed(double[][] matrix) {
        double[][] result = new double[matrix[0].length][matrix.length];
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < result.length; j++) result[j][i] = matrix[i][j];
        }
        return result;
    }

    private static String matrix(OnnxGraphBuilder nodes, String name, double[][] matrix) {
        int columns = matrix[0].length;
        float[] values = new float[matrix.length * columns];
        for (int i = 0; i < values.length; i++) values[i] = (float) matrix[i / columns][i % columns];
        return nodes.floats(name, values, matrix.length, columns);
    }
}
