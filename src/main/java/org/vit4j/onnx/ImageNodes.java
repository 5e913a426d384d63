package org.vit4j.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import onnx.OnnxMl.AttributeProto;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Convolutions and pooling of images, channels first in ONNX: [B, C, H, W]. */
final class ImageNodes {
    private ImageNodes() {}

    static OnnxValue conv2d(OnnxGraphBuilder nodes, Tensor t, LinearOp.Conv2d conv, OnnxValue x) {
        String kernel = nodes.weight(t.parameters().get(0), Initializer.InitializerOrder.CONVOLUTION);
        String y = convolution(nodes, t, t.name(), x.image(), kernel, attributes(conv.window(), conv.groups()));
        return OnnxValue.image(nodes, t.shape(), y);
    }

    /** Adds a convolution, with bias if the layer has one. */
    static String convolution(
            OnnxGraphBuilder nodes, Tensor t, String name, String x, String kernel, AttributeProto... attributes) {
        List<String> in = new ArrayList<>(List.of(x, kernel));
        if (t.parameters().size() == 2) in.add(nodes.weight(t.parameters().get(1)));
        return nodes.node("Conv", name, in, attributes);
    }

    private static AttributeProto[] attributes(Window w, int groups) {
        List<AttributeProto> attributes =
                new ArrayList<>(windowAttributes(w, w.padHeight(), w.padWidth(), w.padHeight(), w.padWidth()));
        attributes.add(OnnxGraphBuilder.integers("dilations", w.dilation(), w.dilation()));
        attributes.add(OnnxGraphBuilder.integer("group", groups));
        return attributes.toArray(AttributeProto[]::new);
    }

    private static List<AttributeProto> windowAttributes(Window w, int top, int left, int bottom, int right) {
        return List.of(
                OnnxGraphBuilder.integers("kernel_shape", w.kernelHeight(), w.kernelWidth()),
                OnnxGraphBuilder.integers("strides", w.strideHeight(), w.strideWidth()),
                OnnxGraphBuilder.integers("pads", top, left, bottom, right));
    }

    /** Standardizes the kernel in the model, so the file holds the trained parameter; runtimes fold the constants. */
    static OnnxValue standardized(OnnxGraphBuilder nodes, Tensor t, LinearOp.StandardizedConv2d conv, OnnxValue x) {
        Parameter weight = t.parameters().get(0);
        String kernel = nodes.weight(weight, Initializer.InitializerOrder.CONVOLUTION);
        AttributeProto filter = OnnxGraphBuilder.integers("axes", 1, 2, 3);
        String mean = nodes.node("ReduceMean", t.name() + "/mean", List.of(kernel), filter);
        String centered = nodes.node("Sub", t.name() + "/centered", List.of(kernel, mean));
        String square = nodes.node("Mul", t.name() + "/square", List.of(centered, centered));
        String variance = nodes.node("ReduceMean", t.name() + "/variance", List.of(square), filter);
        String safe = nodes.node("Add", t.name() + "/safe", List.of(variance, nodes.number(conv.epsilon())));
        String deviation = nodes.node("Sqrt", t.name() + "/deviation", List.of(safe));
        String standard = nodes.node("Div", t.name() + "/kernel", List.of(centered, deviation));
        String y = nodes.node("Conv", t.name(), List.of(x.image(), standard), attributes(conv.window(), 1));
        return OnnxValue.image(nodes, t.shape(), y);
    }

    static OnnxValue pad(OnnxGraphBuilder nodes, Tensor t, ImageOp.Pad pad, OnnxValue x) {
        String padding = nodes.list(0, 0, pad.top(), pad.left(), 0, 0, pad.bottom(), pad.right());
        return OnnxValue.image(nodes, t.shape(), nodes.node("Pad", t.name(), List.of(x.image(), padding)));
    }

    static OnnxValue maxPool(OnnxGraphBuilder nodes, Tensor t, Window w, OnnxValue x) {
        List<AttributeProto> attributes =
                new ArrayList<>(windowAttributes(w, w.padHeight(), w.padWidth(), w.padHeight(), w.padWidth()));
        attributes.add(OnnxGraphBuilder.integers("dilations", w.dilation(), w.dilation()));
        String y = nodes.node("MaxPool", t.name(), List.of(x.image()), attributes.toArray(AttributeProto[]::new));
        return OnnxValue.image(nodes, t.shape(), y);
    }

    /**
     * Average pooling. Runtimes disagree on windows beyond the padded edge ({@code ceil_mode}), so zeros are added up
     * to the end of the last window, and the means of windows beyond the edge are rescaled to their pixels within it.
     */
    static OnnxValue avgPool(OnnxGraphBuilder nodes, Tensor t, Window w, OnnxValue x) {
        int bottom = paddingAfter(t.dim(0), x.shape().dim(0), w.kernelHeight(), w.strideHeight(), w.padHeight());
        int right = paddingAfter(t.dim(1), x.shape().dim(1), w.kernelWidth(), w.strideWidth(), w.padWidth());
        boolean beyondEdge = bottom > w.padHeight() || right > w.padWidth();
        String name = beyondEdge ? t.name() + "/whole" : t.name();
        String in = x.image();
        if (beyondEdge) { // AveragePool requires padding smaller than the kernel; Pad has no limit
            String padding = nodes.list(0, 0, w.padHeight(), w.padWidth(), 0, 0, bottom, right);
            in = nodes.node("Pad", t.name() + "/pad", List.of(in, padding));
        }
        List<AttributeProto> attributes = new ArrayList<>(
                beyondEdge
                        ? windowAttributes(w, 0, 0, 0, 0)
                        : windowAttributes(w, w.padHeight(), w.padWidth(), bottom, right));
        attributes.add(OnnxGraphBuilder.integer("count_include_pad", 1));
        String y = nodes.node("AveragePool", name, List.of(in), attributes.toArray(AttributeProto[]::new));
        if (beyondEdge) {
            float[] factors = edgeCorrections(x.shape(), t.shape(), w);
            String by = nodes.floats(t.name() + "/within", factors, t.dim(0), t.dim(1));
            y = nodes.node("Mul", t.name(), List.of(y, by));
        }
        return OnnxValue.image(nodes, t.shape(), y);
    }

    /** Zeros after the last pixel that the last window covers, or 0 if it ends earlier. */
    private static int paddingAfter(int out, int size, int kernel, int stride, int pad) {
        return Math.max(0, (out - 1) * stride + kernel - size - pad);
    }

    /** Ratio of the window's area to its area within the padded image, [H', W']. */
    private static float[] edgeCorrections(Shape from, Shape to, Window w) {
        double[] rows = edgeCorrections(to.dim(0), from.dim(0) + 2 * w.padHeight(), w.kernelHeight(), w.strideHeight());
        double[] columns = edgeCorrections(to.dim(1), from.dim(1) + 2 * w.padWidth(), w.kernelWidth(), w.strideWidth());
        float[] factors = new float[rows.length * columns.length];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = (float) (rows[i / columns.length] * columns[i % columns.length]);
        }
        return factors;
    }

    private static double[] edgeCorrections(int count, int size, int kernel, int stride) {
        double[] factors = new double[count];
        Arrays.setAll(factors, i -> kernel / (double) Math.min(kernel, size - i * stride));
        return factors;
    }
}
