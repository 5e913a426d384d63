package org.vit4j.backend.samediff;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.Pooling2D.Divisor;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Pooling2DConfig;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Window;

/** Convolution, pooling, unfolding and resizing of images [B, H, W, C]. */
final class SameDiffImageOps {
    private final SameDiff sd;
    private final DataType type;

    SameDiffImageOps(SameDiff sd, DataType type) {
        this.sd = sd;
        this.type = type;
    }

    SDVariable convolution(SDVariable x, Shape shape, SDVariable kernel, LinearOp.Conv2d conv) {
        int channels = shape.last();
        // ND4J M2.1 throws for dilated kernels with oneDNN ("could not create a descriptor").
        if (conv.window().dilation() > 1) return im2colConvolution(x, shape, kernel, conv);
        if (conv.groups() == 1) return sd.cnn().conv2d(x, kernel, config(conv.window()));
        if (conv.groups() == channels) {
            Window w = conv.window();
            long multiplier = conv.filters() / channels;
            SDVariable depthwise = sd.reshape(kernel, w.kernelHeight(), w.kernelWidth(), channels, multiplier);
            return sd.cnn().depthWiseConv2d(x, depthwise, config(w));
        }
        int width = channels / conv.groups();
        int filters = conv.filters() / conv.groups();
        SDVariable[] parts = new SDVariable[conv.groups()];
        for (int g = 0; g < parts.length; g++) {
            SDVariable part = slice(x, 3, g * width, width);
            parts[g] = sd.cnn().conv2d(part, slice(kernel, 3, g * filters, filters), config(conv.window()));
        }
        return sd.concat(3, parts);
    }

    /** Convolution as the matrix product of unfolded patches with the kernel. */
    private SDVariable im2colConvolution(SDVariable x, Shape shape, SDVariable kernel, LinearOp.Conv2d conv) {
        int width = shape.last() / conv.groups();
        int filters = conv.filters() / conv.groups();
        long area = (long) conv.window().kernelHeight() * conv.window().kernelWidth();
        SDVariable[] parts = new SDVariable[conv.groups()];
        for (int g = 0; g < parts.length; g++) {
            SDVariable image = conv.groups() == 1 ? x : slice(x, 3, g * width, width);
            SDVariable k = conv.groups() == 1 ? kernel : slice(kernel, 3, g * filters, filters);
            // [kH, kW, in, out] -> [in * kH * kW, out], the order of unfolded values.
            SDVariable matrix = sd.reshape(sd.permute(k, 2, 0, 1, 3), width * area, filters);
            parts[g] = sd.mmul(unfold(image, width * area, conv.window()), matrix);
        }
        Shape out = conv.shape(java.util.List.of(shape));
        SDVariable rows = parts.length == 1 ? parts[0] : sd.concat(1, parts);
        return sd.reshape(rows, out.batched(-1));
    }

    /** Unfolds patches, [B, H, W, C] -> [B * T, C * kH * kW]. */
    SDVariable unfold(SDVariable x, long values, Window window) {
        SDVariable columns = sd.cnn().im2Col(sd.permute(x, 0, 3, 1, 2), config(window)); // [B, C, kH, kW, oH, oW]
        return sd.reshape(sd.permute(columns, 0, 4, 5, 1, 2, 3), -1, values);
    }

    SDVariable pad(SDVariable x, ImageOp.Pad pad) {
        INDArray padding = Nd4j.createFromArray(
                new int[][] {{0, 0}, {pad.top(), pad.bottom()}, {pad.left(), pad.right()}, {0, 0}});
        return sd.nn().pad(x, sd.constant(padding), 0.0);
    }

    SDVariable maxPool(SDVariable x, Window window) {
        return sd.cnn().maxPooling2d(x, pooling(window));
    }

    SDVariable avgPool(SDVariable x, Shape from, Shape to, ImageOp.AvgPool pool) {
        Window w = pool.window();
        int below = reach(to.dim(0), w.kernelHeight(), w.strideHeight()) - from.dim(0) - w.padHeight();
        int right = reach(to.dim(1), w.kernelWidth(), w.strideWidth()) - from.dim(1) - w.padWidth();
        SDVariable padded =
                pad(x, new ImageOp.Pad(w.padHeight(), Math.max(below, 0), w.padWidth(), Math.max(right, 0)));
        Window inner = new Window(w.kernelHeight(), w.kernelWidth(), w.strideHeight(), w.strideWidth(), 0, 0, 1);
        SDVariable mean = sd.cnn().avgPooling2d(padded, pooling(inner));
        if (below <= w.padHeight() && right <= w.padWidth()) return mean;
        return mean.mul(sd.constant(edgeCorrection(from, to, w)));
    }

    private static int reach(int out, int kernel, int stride) {
        return (out - 1) * stride + kernel;
    }

    /**
     * Correction of average pooling at the edges, [1, H, W, 1]: windows that exceed the padded image must be divided by
     * the size of their part inside, as in PyTorch, not by their full size.
     */
    private INDArray edgeCorrection(Shape from, Shape to, Window w) {
        INDArray factors = Nd4j.ones(type, 1, to.dim(0), to.dim(1), 1);
        for (int y = 0; y < to.dim(0); y++) {
            for (int x = 0; x < to.dim(1); x++) {
                int tall = Math.min(w.kernelHeight(), from.dim(0) + 2 * w.padHeight() - y * w.strideHeight());
                int wide = Math.min(w.kernelWidth(), from.dim(1) + 2 * w.padWidth() - x * w.strideWidth());
                factors.putScalar(new int[] {0, y, x, 0}, w.kernelHeight() * w.kernelWidth() / (double) (tall * wide));
            }
        }
        return factors;
    }

    SDVariable resize(SDVariable x, Shape from, Shape to) {
        SDVariable rows = resizeMatrix(from.dim(0), to.dim(0));
        SDVariable columns = resizeMatrix(from.dim(1), to.dim(1));
        long c = from.last();
        SDVariable tall = sd.mmul(sd.reshape(sd.permute(x, 0, 2, 3, 1), -1, from.dim(0)), rows); // [B*W*C, H']
        SDVariable transposed =
                sd.permute(sd.reshape(tall, -1, from.dim(1), c, to.dim(0)), 0, 3, 2, 1); // [B, H', C, W]
        SDVariable wide = sd.mmul(sd.reshape(transposed, -1, from.dim(1)), columns); // [B*H'*C, W']
        return sd.permute(sd.reshape(wide, -1, to.dim(0), c, to.dim(1)), 0, 1, 3, 2);
    }

    private SDVariable resizeMatrix(int from, int to) {
        return sd.constant(Nd4j.createFromArray(ImageOp.Resize.matrix(from, to)).castTo(type));
    }

    private SDVariable slice(SDVariable x, int axis, int from, int count) {
        int[] begin = new int[4];
        int[] size = {-1, -1, -1, -1};
        begin[axis] = from;
        size[axis] = count;
        return sd.slice(x, begin, size);
    }

    private static Conv2DConfig config(Window w) {
        return Conv2DConfig.builder()
                .kH(w.kernelHeight())
                .kW(w.kernelWidth())
                .sH(w.strideHeight())
                .sW(w.strideWidth())
                .pH(w.padHeight())
                .pW(w.padWidth())
                .dH(w.dilation())
                .dW(w.dilation())
                .dataFormat("NHWC")
                .build();
    }

    private static Pooling2DConfig pooling(Window w) {
        return Pooling2DConfig.builder()
                .kH(w.kernelHeight())
                .kW(w.kernelWidth())
                .sH(w.strideHeight())
                .sW(w.strideWidth())
                .pH(w.padHeight())
                .pW(w.padWidth())
                .isNHWC(true)
                .divisor(Divisor.INCLUDE_PADDING)
                .build();
    }
}
