package org.vit4j.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import onnx.OnnxMl.AttributeProto;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Convolutions and pools of images, which ONNX has channels first: [B, C, H, W]. */
final class ImageNodes {
    private ImageNodes() {}

    static OnnxValue conv2d(OnnxGraphBuilder nodes, Tensor t, Op.Conv2d conv, OnnxValue x) {
        String kernel = nodes.weight(t.parameters().get(0), Initializer.InitializerOrder.CONVOLUTION);
        String y = convolution(nodes, t, t.name(), x.image(), kernel, attributes(conv.window(), conv.groups()));
        return OnnxValue.image(nodes, t.shape(), y);
    }

    /** Adds the bias when the layer has one. */
    static String convolution(
            OnnxGraphBuilder nodes, Tensor t, String name, String x, String kernel, AttributeProto... attributes) {
        List<String> in = new ArrayList<>(List.of(x, kernel));
        if (t.parameters().size() == 2) in.add(nodes.weight(t.parameters().get(1)));
        return nodes.node("Conv", name, in, attributes);
    }

    private static AttributeProto[] attributes(Window w, int groups) {
        List<AttributeProto> all =
                new ArrayList<>(sliding(w, w.padHeight(), w.padWidth(), w.padHeight(), w.padWidth()));
        all.add(OnnxGraphBuilder.wholes("dilations", w.dilation(), w.dilation()));
        all.add(OnnxGraphBuilder.whole("group", groups));
        return all.toArray(AttributeProto[]::new);
    }

    private static List<AttributeProto> sliding(Window w, int top, int left, int bottom, int right) {
        return List.of(
                OnnxGraphBuilder.wholes("kernel_shape", w.kernelHeight(), w.kernelWidth()),
                OnnxGraphBuilder.wholes("strides", w.strideHeight(), w.strideWidth()),
                OnnxGraphBuilder.wholes("pads", top, left, bottom, right));
    }

    /** The kernel is standardized in the graph: the weight in the file is the one that learns, runtimes fold the rest. */
    static OnnxValue standardized(OnnxGraphBuilder nodes, Tensor t, ImageOp.StandardizedConv2d conv, OnnxValue x) {
        Parameter weight = t.parameters().get(0);
        String kernel = nodes.weight(weight, Initializer.InitializerOrder.CONVOLUTION);
        AttributeProto filter = OnnxGraphBuilder.wholes("axes", 1, 2, 3);
        String mean = nodes.node("ReduceMean", t.name() + "/mean", List.of(kernel), filter);
        String centered = nodes.node("Sub", t.name() + "/centred", List.of(kernel, mean));
        String square = nodes.node("Mul", t.name() + "/square", List.of(centered, centered));
        String variance = nodes.node("ReduceMean", t.name() + "/variance", List.of(square), filter);
        String safe = nodes.node("Add", t.name() + "/safe", List.of(variance, nodes.number(conv.epsilon())));
        String deviation = nodes.node("Sqrt", t.name() + "/deviation", List.of(safe));
        String standard = nodes.node("Div", t.name() + "/kernel", List.of(centered, deviation));
        String y = nodes.node("Conv", t.name(), List.of(x.image(), standard), attributes(conv.window(), 1));
        return OnnxValue.image(nodes, t.shape(), y);
    }

    static OnnxValue pad(OnnxGraphBuilder nodes, Tensor t, ImageOp.Pad pad, OnnxValue x) {
        String around = nodes.list(0, 0, pad.top(), pad.left(), 0, 0, pad.bottom(), pad.right());
        return OnnxValue.image(nodes, t.shape(), nodes.node("Pad", t.name(), List.of(x.image(), around)));
    }

    static OnnxValue maxPool(OnnxGraphBuilder nodes, Tensor t, Window w, OnnxValue x) {
        List<AttributeProto> all =
                new ArrayList<>(sliding(w, w.padHeight(), w.padWidth(), w.padHeight(), w.padWidth()));
        all.add(OnnxGraphBuilder.wholes("dilations", w.dilation(), w.dilation()));
        String y = nodes.node("MaxPool", t.name(), List.of(x.image()), all.toArray(AttributeProto[]::new));
        return OnnxValue.image(nodes, t.shape(), y);
    }

    /**
     * Runtimes do not agree on windows that reach over the padded edge ({@code ceil_mode}): zeros are put there as far as
     * the last window reaches, and means of windows over the edge are brought to what lies within.
     */
    static OnnxValue avgPool(OnnxGraphBuilder nodes, Tensor t, Window w, OnnxValue x) {
        int bottom = behind(t.dim(0), x.shape().dim(0), w.kernelHeight(), w.strideHeight(), w.padHeight());
        int right = behind(t.dim(1), x.shape().dim(1), w.kernelWidth(), w.strideWidth(), w.padWidth());
        boolean over = bottom > w.padHeight() || right > w.padWidth();
        String name = over ? t.name() + "/whole" : t.name();
        String in = x.image();
        if (over) { // ONNX wants padding below the size of the kernel; a Pad may be any
            String around = nodes.list(0, 0, w.padHeight(), w.padWidth(), 0, 0, bottom, right);
            in = nodes.node("Pad", t.name() + "/pad", List.of(in, around));
        }
        List<AttributeProto> all =
                new ArrayList<>(over ? sliding(w, 0, 0, 0, 0) : sliding(w, w.padHeight(), w.padWidth(), bottom, right));
        all.add(OnnxGraphBuilder.whole("count_include_pad", 1));
        String y = nodes.node("AveragePool", name, List.of(in), all.toArray(AttributeProto[]::new));
        if (over) {
            float[] factors = within(x.shape(), t.shape(), w);
            String by = nodes.floats(t.name() + "/within", factors, t.dim(0), t.dim(1));
            y = nodes.node("Mul", t.name(), List.of(y, by));
        }
        return OnnxValue.image(nodes, t.shape(), y);
    }

    /** Zeros behind the last pixel that the last window sees, 0 where it ends before. */
    private static int behind(int out, int size, int kernel, int stride, int pad) {
        return Math.max(0, (out - 1) * stride + kernel - size - pad);
    }

    /** The whole of a window over its part within the padded image, [H', W']. */
    private static float[] within(Shape from, Shape to, Window w) {
        double[] rows = within(to.dim(0), from.dim(0) + 2 * w.padHeight(), w.kernelHeight(), w.strideHeight());
        double[] columns = within(to.dim(1), from.dim(1) + 2 * w.padWidth(), w.kernelWidth(), w.strideWidth());
        float[] factors = new float[rows.length * columns.length];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = (float) (rows[i / columns.length] * columns[i % columns.length]);
        }
        return factors;
    }

    private static double[] within(int count, int size, int kernel, int stride) {
        double[] factors = new double[count];
        Arrays.setAll(factors, i -> kernel / (double) Math.min(kernel, size - i * stride));
        return factors;
    }
}
