package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_pooling_avg_include_padding;
import static org.bytedeco.dnnl.global.dnnl.dnnl_pooling_max;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.indexer.FloatIndexer;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Window;

/** Convolution, pooling, unfolding and resizing of images [B, H, W, C], with their backward passes. */
final class ConvOps {
    /** Channels of a group from which on products may be bfloat16 in training. */
    private static final int MIN_BF16_CHANNELS = 8;

    private final Tape tape;
    private final MatmulOps math;

    ConvOps(Tape tape, MatmulOps math) {
        this.tape = tape;
        this.math = math;
    }

    /**
     * Convolution, [B, H, W, C] -> [B, H', W', filters].
     *
     * @param kernel [kH, kW, C / groups, filters]
     * @param bias [1, filters], or null
     */
    TapeValue convolution(
            TapeValue input, TapeValue kernel, TapeValue bias, LinearOp.Conv2d conv, long[] out, ElementType type) {
        Window w = conv.window();
        boolean unpadded = w.padHeight() == 0 && w.padWidth() == 0 && conv.groups() == 1;
        if (unpadded
                && w.strideHeight() == w.kernelHeight()
                && w.strideWidth() == w.kernelWidth()
                && w.dilation() == 1) {
            return patchConvolution(input, kernel, bias, w, out, type);
        }
        ElementType operands = isWrongInBfloat16(input.array(), w, out) ? ElementType.F32 : operands(kernel.array());
        TapeValue x = tape.dense(tape.as(operands, input));
        ElementType result = operands == ElementType.F32 ? operands : type;
        ConvolutionPrimitive c = new ConvolutionPrimitive(
                x.array(),
                kernel.array(),
                bias == null ? null : bias.array(),
                conv,
                tape.packed(kernel.array()),
                result,
                out);
        StridedArray to = StridedArray.temporary(result, out);
        ConvolutionPrimitive wide = mergedGroups(x, kernel, bias, conv, out, result);
        ConvolutionPrimitive fast = wide == null ? c : wide;
        PostOp.FusableStep step = fast.forward(to);
        int number = tape.emit(step);
        boolean needs = x.needsGradient() || kernel.needsGradient() || (bias != null && bias.needsGradient());
        TapeValue y = tape.value(to, needs).setProducer(step, number).setGradientType(operands);
        tape.onBackward(() -> {
            StridedArray dy = denseGradient(y);
            if (dy == null) return;
            if (kernel.needsGradient() || (bias != null && bias.needsGradient())) {
                StridedArray dw = kernel.array().like(ElementType.F32);
                StridedArray db = bias == null ? null : StridedArray.temporary(conv.filters());
                tape.emit(c.backwardWeights(dy, dw, db));
                tape.accumulate(kernel, dw, true);
                if (bias != null)
                    tape.accumulate(bias, db.reshape(1, conv.filters()).orElseThrow(), true);
            }
            tape.accumulateInto(x, dx -> tape.emit(fast.backwardData(dy, dx)));
        });
        return y;
    }

    /**
     * Type of the factors. In training float32 for few channels, those of an image or of a group: gradients of products of so few
     * factors have larger errors, 0.19 instead of 0.03 in depthwise convolutions of CvT.
     */
    private ElementType operands(StridedArray kernel) {
        boolean few = kernel.dim(2) < MIN_BF16_CHANNELS;
        return tape.isTraining() && few ? ElementType.F32 : math.operands();
    }

    /**
     * Returns true for images whose bfloat16 kernels in oneDNN 3.8 read memory out of bounds: strided convolutions with results of
     * one column, also in version 3.13; gradients of kernels whose padding exceeds the height, without AMX.
     */
    private boolean isWrongInBfloat16(StridedArray image, Window w, long[] out) {
        boolean oneColumn = out[2] == 1 && w.strideWidth() > 1;
        return oneColumn || (tape.isTraining() && image.dim(1) < w.padHeight());
    }

    /** The convolution with merged groups; null if there is no benefit. */
    private ConvolutionPrimitive mergedGroups(
            TapeValue x, TapeValue kernel, TapeValue bias, LinearOp.Conv2d conv, long[] out, ElementType type) {
        MergedGroups merged =
                MergedGroups.of(conv, kernel.array().dim(2), x.array().type());
        if (merged == null) return null;
        StridedArray wide = merged.kernel(tape, kernel.array());
        ConvolutionPrimitive c = new ConvolutionPrimitive(
                x.array(), wide, bias == null ? null : bias.array(), merged.convolution(), null, type, out);
        if (tape.packed(kernel.array()) != null) tape.emitSetup(c.reorderKernel());
        return c;
    }

    /** The gradient of y in row-major order without gaps; null if there is none. */
    private StridedArray denseGradient(TapeValue y) {
        StridedArray dy = tape.gradient(y);
        if (dy == null || dy.isDense()) return dy;
        StridedArray to = StridedArray.temporary(dy.type(), dy.dims());
        tape.emit(Kernels.copy(dy, to, false));
        return to;
    }

    /**
     * Convolution by windows that tile the image: a matrix product whose rows are the windows, [B * h * w, kH * kW *
     * C].
     */
    private TapeValue patchConvolution(
            TapeValue image, TapeValue kernel, TapeValue bias, Window w, long[] out, ElementType type) {
        long batch = out[0];
        long channels = image.array().last();
        long depth = channels * w.kernelHeight() * w.kernelWidth();
        TapeValue x = image;
        if (x.array().dim(1) != out[1] * w.kernelHeight()) x = tape.slice(x, 1, 0, out[1] * w.kernelHeight());
        if (x.array().dim(2) != out[2] * w.kernelWidth()) x = tape.slice(x, 2, 0, out[2] * w.kernelWidth());
        if (depth != channels) {
            x = tape.reshape(x, batch, out[1], w.kernelHeight(), out[2], w.kernelWidth() * channels);
            x = tape.copy(tape.permute(x, 0, 1, 3, 2, 4), math.operands());
        }
        TapeValue rows = tape.reshape(x, batch * out[1] * out[2], depth);
        TapeValue matrix = tape.reshape(kernel, depth, out[3]);
        return tape.reshape(
                math.dense(rows, matrix, bias, math.operands(), type).setUsedOnce(true), out);
    }

    TapeValue maxPool(TapeValue input, Window w, long[] out) {
        return pool(input, dnnl_pooling_max, w, out);
    }

    TapeValue avgPool(TapeValue input, ImageOp.AvgPool pool, long[] out) {
        TapeValue mean = pool(input, dnnl_pooling_avg_include_padding, pool.window(), out);
        float[] factors = edgeCorrection(input.array(), pool.window(), out);
        if (factors == null) return mean;
        TapeValue wide = new TapeValue(tape.constant(factors, 1, factors.length), false, -1);
        TapeValue rows = tape.reshape(mean, out[0], factors.length);
        return tape.reshape(math.mul(rows, wide), out);
    }

    /**
     * Correction of oneDNN's average pooling at the edges, [h * w * C]: windows that exceed the padded image must be
     * divided by the size of their part inside, as in PyTorch. Null if no window exceeds it.
     */
    private static float[] edgeCorrection(StridedArray from, Window w, long[] out) {
        boolean over = (out[1] - 1) * w.strideHeight() + w.kernelHeight() > from.dim(1) + 2L * w.padHeight()
                || (out[2] - 1) * w.strideWidth() + w.kernelWidth() > from.dim(2) + 2L * w.padWidth();
        if (!over) return null;
        int channels = (int) out[3];
        float[] factors = new float[(int) (out[1] * out[2]) * channels];
        for (int y = 0, i = 0; y < out[1]; y++) {
            for (int x = 0; x < out[2]; x++) {
                long tall = Math.min(w.kernelHeight(), from.dim(1) + 2L * w.padHeight() - (long) y * w.strideHeight());
                long wide = Math.min(w.kernelWidth(), from.dim(2) + 2L * w.padWidth() - (long) x * w.strideWidth());
                float factor = (float) (w.kernelHeight() * w.kernelWidth() / (double) (tall * wide));
                for (int c = 0; c < channels; c++) factors[i++] = factor;
            }
        }
        return factors;
    }

    private TapeValue pool(TapeValue input, int algorithm, Window w, long[] out) {
        TapeValue x = tape.dense(input);
        PoolingPrimitive pooling = new PoolingPrimitive(
                algorithm, w, x.array(), StridedArray.temporary(x.array().type(), out), tape.isTraining());
        tape.emit(pooling.forward());
        TapeValue y = tape.value(pooling.y(), x.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = denseGradient(y);
            if (dy != null) tape.accumulateInto(x, dx -> tape.emit(pooling.backward(dy, dx)));
        });
        return y;
    }

    /** Pads an image with zeros. */
    TapeValue pad(TapeValue x, ImageOp.Pad pad, long[] out) {
        StridedArray padded = StridedArray.temporary(x.array().type(), out);
        StridedArray inner = interior(padded, x.array(), pad);
        tape.emit(Kernels.zero(padded));
        tape.emit(Kernels.copy(x.array(), inner, false));
        TapeValue y = tape.value(padded, x.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy != null) tape.accumulate(x, interior(dy, x.array(), pad), false);
        });
        return y;
    }

    private static StridedArray interior(StridedArray padded, StridedArray x, ImageOp.Pad pad) {
        return padded.slice(1, pad.top(), pad.top() + x.dim(1)).slice(2, pad.left(), pad.left() + x.dim(2));
    }

    /** Unfolds patches, [B, H, W, C] -> [B, T, C * kH * kW], values in order (channel, row, column) as in PyTorch. */
    TapeValue unfold(TapeValue input, Window w, long[] out) {
        TapeValue x = tape.dense(input);
        Unfolding u = new Unfolding(x.array().dims(), w);
        StridedArray to = StridedArray.temporary(out);
        tape.emit(new JavaStep("unfold", at -> u.forward(at[0], at[1]), x.array(), to));
        TapeValue y = tape.value(to, x.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = denseGradient(y);
            if (dy == null) return;
            tape.accumulateInto(x, dx -> tape.emit(new JavaStep("unfold_bp", at -> u.backward(at[0], at[1]), dy, dx)));
        });
        return y;
    }

    /**
     * Index arithmetic of unfolding. Parallel over rows of tokens in the forward pass, over examples in the backward
     * pass.
     */
    private record Unfolding(long[] in, Window w) {
        private long rows() {
            return w.outHeight((int) in[1]);
        }

        private long columns() {
            return w.outWidth((int) in[2]);
        }

        void forward(FloatIndexer x, FloatIndexer y) {
            JavaStep.parallelFor(
                    in[0] * rows(),
                    row -> forEachPixel(row, (pixel, value) -> {
                        if (pixel >= 0) y.put(value, x.get(pixel));
                        else y.put(value, 0);
                    }));
        }

        void backward(FloatIndexer dy, FloatIndexer dx) {
            long image = in[1] * in[2] * in[3];
            JavaStep.parallelFor(in[0], b -> {
                for (long i = b * image; i < (b + 1) * image; i++) dx.put(i, 0);
                for (long row = b * rows(); row < (b + 1) * rows(); row++) {
                    forEachPixel(row, (pixel, value) -> {
                        if (pixel >= 0) dx.put(pixel, dx.get(pixel) + dy.get(value));
                    });
                }
            });
        }

        private interface PixelPair {
            /**
             * @param pixel index in the images; -1 in the padding
             * @param value index in the tokens
             */
            void accept(long pixel, long value);
        }

        /** @param row row of tokens, counted over the batch */
        private void forEachPixel(long row, PixelPair pair) {
            long height = in[1];
            long width = in[2];
            long channels = in[3];
            int area = w.kernelHeight() * w.kernelWidth();
            long b = row / rows();
            long top = row % rows() * w.strideHeight() - w.padHeight();
            long value = row * columns() * channels * area;
            for (long column = 0; column < columns(); column++, value += channels * area) {
                long left = column * w.strideWidth() - w.padWidth();
                for (int ky = 0; ky < w.kernelHeight(); ky++) {
                    long y = top + (long) ky * w.dilation();
                    for (int kx = 0; kx < w.kernelWidth(); kx++) {
                        long x = left + (long) kx * w.dilation();
                        boolean inside = y >= 0 && y < height && x >= 0 && x < width;
                        long pixel = ((b * height + y) * width + x) * channels;
                        long to = value + (long) ky * w.kernelWidth() + kx;
                        for (int c = 0; c < channels; c++) pair.accept(inside ? pixel + c : -1, to + (long) c * area);
                    }
                }
            }
        }
    }

    /**
     * Bicubic resizing, [B, H, W, C] -> [B, H', W', C]. Each output row depends on four input rows, so bands of 16
     * output rows are computed by a matrix product with the input rows they depend on; a single matrix for all rows
     * would be 90 % zeros. Columns are computed the same way, C values each.
     */
    TapeValue resize(TapeValue input, long[] out) {
        TapeValue x = tape.dense(input);
        long batch = out[0];
        int channels = (int) out[3];
        int height = (int) x.array().dim(1);
        int width = (int) x.array().dim(2);
        TapeValue old = tape.reshape(x, batch, height, (long) width * channels);
        List<TapeValue> rows = new ArrayList<>();
        for (ResizeBand band : ResizeBand.of(ImageOp.Resize.matrix(height, (int) out[1]))) {
            TapeValue weights = new TapeValue(tape.constant(band.rowMatrix(), 1, band.size(), band.width()), false, -1);
            rows.add(math.matmul(weights, tape.slice(old, 1, band.from(), band.to()))); // [B, rows, W * C]
        }
        TapeValue tall = tape.reshape(tape.concat(1, rows), batch * out[1], (long) width * channels);
        List<TapeValue> columns = new ArrayList<>();
        for (ResizeBand band : ResizeBand.of(ImageOp.Resize.matrix(width, (int) out[2]))) {
            float[] each = band.columnMatrix(channels);
            TapeValue weights = new TapeValue(
                    tape.constant(each, (long) band.width() * channels, (long) band.size() * channels), false, -1);
            TapeValue around = tape.slice(tall, 1, (long) band.from() * channels, (long) band.to() * channels);
            columns.add(math.matmul(around, weights)); // [B * H', columns * C]
        }
        return tape.reshape(tape.concat(1, columns), out);
    }

    /**
     * A band of output rows and the range of input rows that they depend on.
     *
     * @param weights resize matrix of all rows, [in][out]
     * @param first first output row; {@code size} is their number
     * @param from first input row; {@code to} is exclusive
     */
    private record ResizeBand(double[][] weights, int first, int size, int from, int to) {
        private static final int ROWS = 16;

        static List<ResizeBand> of(double[][] weights) {
            List<ResizeBand> bands = new ArrayList<>();
            int all = weights[0].length;
            for (int first = 0; first < all; first += ROWS) {
                int start = first;
                int end = Math.min(first + ROWS, all);
                int[] used = IntStream.range(0, weights.length)
                        .filter(old -> IntStream.range(start, end).anyMatch(i -> weights[old][i] != 0))
                        .toArray();
                bands.add(new ResizeBand(weights, start, end - start, used[0], used[used.length - 1] + 1));
            }
            return bands;
        }

        int width() {
            return to - from;
        }

        /** The band's resize matrix, [out, in]. */
        float[] rowMatrix() {
            float[] values = new float[size * width()];
            for (int i = 0; i < size; i++) {
                for (int j = 0; j < width(); j++) values[i * width() + j] = (float) weights[from + j][first + i];
            }
            return values;
        }

        /** The band's resize matrix for columns of C interleaved channels, [in * C, out * C]. */
        float[] columnMatrix(int channels) {
            float[] values = new float[size * width() * channels * channels];
            for (int j = 0; j < width(); j++) {
                for (int i = 0; i < size; i++) {
                    for (int c = 0; c < channels; c++) {
                        values[((j * channels + c) * size + i) * channels + c] = (float) weights[from + j][first + i];
                    }
                }
            }
            return values;
        }
    }
}
