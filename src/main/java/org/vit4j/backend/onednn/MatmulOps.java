package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_div;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_sub;

import java.util.Arrays;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Window;

/** Matrix products, elementwise operations, softmax and mean, with their backward passes. */
final class MatmulOps {
    /** Minimum rows for which reordering the kernel in every run is faster; measured on AVX2. */
    private static final long MIN_ROWS_REPACKED = 512;
    /** Minimum rows for which a kernel that was reordered before is faster; measured on AVX2. */
    private static final long MIN_ROWS_PREPACKED = 8;
    /** Minimum channels for a 1 x 1 convolution: it pads channels to blocks of 8. */
    private static final long MIN_CHANNELS = 16;

    private final Tape tape;

    MatmulOps(Tape tape) {
        this.tape = tape;
    }

    /**
     * scale * (a b + bias): [.., M, K] x [.., K, N], of equal ranks; batch axes of size 1 are broadcast.
     *
     * @param bias [1, N], for rank 2 only; or null
     * @param c destination, [.., M, N]
     */
    TapeValue matmul(TapeValue left, TapeValue right, TapeValue bias, double scale, StridedArray c) {
        TapeValue a = left.array().hasUnitStride() ? left : tape.dense(left);
        TapeValue b = right.array().hasUnitStride() ? right : tape.dense(right);
        return emitProduct(
                Kernels.matmul(a.array(), b.array(), bias == null ? null : bias.array(), c, scale),
                a,
                b,
                bias,
                scale,
                c);
    }

    /**
     * x kernel + bias: [N, in] x [in, out].
     *
     * <p>Runs as a 1 x 1 convolution if large enough. oneDNN's matrix products read the kernel in its gradient layout;
     * its convolutions reorder it first, which is 10 to 50 % faster with AVX2, and more if {@code in} or {@code out} is
     * a power of 2.
     *
     * @param bias [1, out], or null
     */
    TapeValue dense(TapeValue x, TapeValue kernel, TapeValue bias) {
        long rows = x.array().dim(0);
        StridedArray to = StridedArray.temporary(rows, kernel.array().last());
        StridedArray input = x.array().isDense()
                ? x.array().reshape(1, rows, 1, x.array().last()).orElse(null)
                : null;
        StridedArray window = kernel.array()
                .reshape(1, 1, kernel.array().dim(0), kernel.array().last())
                .orElse(null);
        PackedWeights packed = tape.packed(kernel.array());
        long minRows = packed == null ? MIN_ROWS_REPACKED : MIN_ROWS_PREPACKED;
        long channels = Math.min(kernel.array().dim(0), kernel.array().last());
        if (input == null || window == null || rows < minRows || channels < MIN_CHANNELS)
            return matmul(x, kernel, bias, 1, to);
        LinearOp.Conv2d pointwise =
                new LinearOp.Conv2d(Math.toIntExact(to.last()), Window.square(1, 1, 0), 1, bias != null);
        StridedArray image = to.reshape(1, rows, 1, to.last()).orElseThrow();
        ConvolutionPrimitive convolution = new ConvolutionPrimitive(
                input, window, bias == null ? null : bias.array(), pointwise, packed, image.dims());
        return emitProduct(convolution.forward(image), x, kernel, bias, 1, to);
    }

    /** Emits a step that computes a product. The backward pass consists of matrix products whatever the step is. */
    private TapeValue emitProduct(
            PostOp.FusableStep step, TapeValue a, TapeValue b, TapeValue bias, double scale, StridedArray c) {
        int number = tape.emit(step);
        boolean needs = a.needsGradient() || b.needsGradient() || (bias != null && bias.needsGradient());
        TapeValue y = tape.value(c, needs).setProducer(step, number);
        int m = c.rank() - 2;
        int n = c.rank() - 1;
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy == null) return;
            tape.accumulate(a, (to, addend) -> product(dy, b.array().swap(m, n), to, addend, scale));
            tape.accumulate(b, (to, addend) -> product(a.array().swap(m, n), dy, to, addend, scale));
            if (bias != null)
                tape.accumulate(bias, (to, addend) -> product(tape.ones(dy.dim(0)), dy, to, addend, scale));
        });
        return y;
    }

    TapeValue matmul(TapeValue a, TapeValue b) {
        long[] dims = a.array().rank() >= b.array().rank()
                ? a.array().dims()
                : b.array().dims();
        for (int i = 0; i < dims.length - 2; i++)
            dims[i] = Math.max(a.array().dim(i), b.array().dim(i));
        dims[dims.length - 2] = a.array().dim(dims.length - 2);
        dims[dims.length - 1] = b.array().last();
        return matmul(a, b, null, 1, StridedArray.temporary(dims));
    }

    /** to = scale * (a b) + addend, summed inPlace the batch axes where {@code to} has size 1. */
    private void product(StridedArray left, StridedArray right, StridedArray to, StridedArray addend, double scale) {
        StridedArray a = left.hasUnitStride() ? left : copy(left, StridedArray.temporary(left.dims()));
        StridedArray b = right.hasUnitStride() ? right : copy(right, StridedArray.temporary(right.dims()));
        int m = to.rank() - 2;
        int n = to.rank() - 1;
        if (to.dim(m) > 1 && to.dim(n) > 1 && to.stride(n) != 1 && to.stride(m) == 1) {
            // oneDNN needs a row-major destination: compute the transpose, (a b)' = b' a'.
            StridedArray transposed = to.swap(m, n);
            product(
                    b.swap(m, n),
                    a.swap(m, n),
                    transposed,
                    addend == null ? null : addend == to ? transposed : addend.swap(m, n),
                    scale);
            return;
        }
        long[] dims = a.dims();
        boolean shared = false;
        for (int i = 0; i < to.rank() - 2; i++) {
            dims[i] = Math.max(a.dim(i), b.dim(i));
            shared |= dims[i] != to.dim(i);
        }
        if (shared) {
            dims[to.rank() - 2] = to.dim(to.rank() - 2);
            dims[to.rank() - 1] = to.last();
            StridedArray each = StridedArray.temporary(dims);
            tape.emit(Kernels.matmul(a, b, null, each, scale));
            long batches = each.size() / to.size();
            StridedArray rows = each.reshape(batches, to.size()).orElseThrow();
            // The destination may be transposed: sum in the element order of the product, then copy.
            StridedArray sum = to.isDense() ? to : StridedArray.temporary(to.dims());
            PostOp.FusableStep step = Kernels.matmul(
                    tape.ones(batches), rows, null, sum.reshape(1, to.size()).orElseThrow(), 1);
            if (sum == to && addend != null) step.fuseAdd(addend);
            tape.emit(step);
            if (sum != to) {
                if (addend != null && addend != to) tape.emit(Kernels.copy(addend, to, false));
                tape.emit(Kernels.copy(sum, to, addend != null));
            }
            return;
        }
        PostOp.FusableStep step = Kernels.matmul(a, b, null, to, scale);
        step.fuseAdd(addend);
        tape.emit(step);
    }

    /** Elementwise sum of matrices; axes of size 1 in b are broadcast. */
    TapeValue add(TapeValue a, TapeValue b) {
        if (tryFuseAdd(a, b)) return fusedSum(a, b);
        if (tryFuseAdd(b, a)) return fusedSum(b, a);
        return binary(dnnl_binary_add, a, b);
    }

    TapeValue sub(TapeValue a, TapeValue b) {
        return binary(dnnl_binary_sub, a, b);
    }

    TapeValue mul(TapeValue a, TapeValue b) {
        if (!tape.isTraining() && tryFuse(dnnl_binary_mul, a, b)) {
            return new TapeValue(a.array(), false, a.producerStep(), true).setProducer(a.producer(), a.producerStep());
        }
        return binary(dnnl_binary_mul, a, b);
    }

    TapeValue div(TapeValue a, TapeValue b) {
        return binary(dnnl_binary_div, a, b);
    }

    /**
     * Fuses a broadcast operation with {@code other} into the step that computes {@code x}; returns false if not
     * possible.
     */
    boolean tryFuse(int algorithm, TapeValue x, TapeValue other) {
        if (!canFuse(x, other)) return false;
        x.producer()
                .fuse(new PostOp.BinaryPostOp(
                        algorithm, asOperand(other.array(), x.producer().result())));
        return true;
    }

    private static boolean canFuse(TapeValue x, TapeValue other) {
        return x.isDisposable()
                && x.producer() != null
                && x.producer().canFuseBinary()
                && other.readyStep() < x.producerStep()
                && asOperand(other.array(), x.producer().result()) != null;
    }

    /**
     * View of an array as the operand of a post-op, in the shape of the result or of one row; null if there is none.
     */
    private static StridedArray asOperand(StridedArray other, StridedArray result) {
        long[] dims = result.dims();
        if (other.size() == result.size()) {
            StridedArray same = other.reshape(dims).orElse(null);
            return same != null && same.hasLayoutOf(result) ? same : null;
        }
        if (other.size() != result.last() || other.last() != result.last()) return null;
        long[] row = new long[dims.length];
        Arrays.fill(row, 1);
        row[dims.length - 1] = result.last();
        return other.reshape(row).orElseThrow();
    }

    private static boolean canFuseSameSize(TapeValue x) {
        return x.producer() != null && x.producer().canFuseSameSize();
    }

    private boolean tryFuseAdd(TapeValue x, TapeValue other) {
        return x.array().size() == other.array().size()
                && canFuseSameSize(x)
                && canFuse(x, other)
                && tryFuse(dnnl_binary_add, x, other);
    }

    /** The sum of two values, which the step that computes the first was extended to compute. */
    private TapeValue fusedSum(TapeValue x, TapeValue other) {
        boolean needs = tape.isTraining() && (x.needsGradient() || other.needsGradient());
        TapeValue y =
                new TapeValue(x.array(), needs, x.producerStep(), true).setProducer(x.producer(), x.producerStep());
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy == null) return;
            tape.accumulate(x, dy, !other.needsGradient() && y.ownsGradient());
            tape.accumulate(other, dy, !x.needsGradient() && y.ownsGradient());
        });
        return y;
    }

    private TapeValue binary(int algorithm, TapeValue a, TapeValue b) {
        boolean same = a.array().size() == b.array().size();
        if (same && !(a.array().hasLayoutOf(b.array()) && a.array().isCompact())) {
            return binary(algorithm, tape.dense(a), tape.dense(b));
        }
        if (!same && !(a.array().isDense() && b.array().isDense())) {
            return binary(algorithm, tape.dense(a), tape.dense(b));
        }
        boolean linear = algorithm == dnnl_binary_add || algorithm == dnnl_binary_sub;
        boolean needsOutput = tape.isTraining() && !linear && b.needsGradient();
        StridedArray to =
                a.isDisposable() && !needsOutput ? a.array() : a.array().like();
        tape.emit(binaryStep(algorithm, a.array(), b.array(), to));
        TapeValue y = tape.value(to, a.needsGradient() || b.needsGradient());
        tape.onBackward(() -> {
            StridedArray gradient = tape.gradient(y);
            if (gradient == null) return;
            StridedArray dy = gradient.hasLayoutOf(to) ? gradient : copy(gradient, to);
            boolean own = y.ownsGradient() || dy != gradient;
            if (linear) {
                tape.accumulate(a, dy, own && !b.needsGradient());
                accumulateBroadcast(b, dy, algorithm == dnnl_binary_add ? 1 : -1, own && !a.needsGradient());
            } else if (algorithm == dnnl_binary_mul) {
                if (b.needsGradient()) accumulateBroadcast(b, product(dnnl_binary_mul, dy, a.array()), 1, true);
                tape.accumulateInto(a, da -> tape.emit(binaryStep(dnnl_binary_mul, dy, b.array(), da)));
            } else {
                StridedArray da = product(dnnl_binary_div, dy, b.array());
                if (b.needsGradient()) accumulateBroadcast(b, product(dnnl_binary_mul, da, to), -1, true);
                tape.accumulate(a, da, true);
            }
        });
        return y;
    }

    private StridedArray copy(StridedArray from, StridedArray layout) {
        StridedArray to = layout.like();
        tape.emit(Kernels.copy(from, to, false));
        return to;
    }

    private StridedArray product(int algorithm, StridedArray a, StridedArray b) {
        StridedArray to = a.like();
        tape.emit(binaryStep(algorithm, a, b, to));
        return to;
    }

    private static KernelStep binaryStep(int algorithm, StridedArray a, StridedArray b, StridedArray to) {
        boolean same = a.size() == b.size();
        return same ? Kernels.binary(algorithm, a.flat(), b.flat(), to.flat()) : Kernels.binary(algorithm, a, b, to);
    }

    /** Adds the gradient of an operand with broadcast axes: the sum inPlace these axes. */
    private void accumulateBroadcast(TapeValue b, StridedArray dy, double sign, boolean own) {
        if (!b.needsGradient()) return;
        if (b.array().size() == dy.size() && sign == 1) {
            tape.accumulate(b, dy, own);
        } else if (b.array().size() == dy.size()) {
            tape.accumulateInto(
                    b, to -> tape.emit(Kernels.eltwise(EltwiseFunction.linear(sign, 0), dy.flat(), to.flat())));
        } else if (b.array().dim(0) == 1) {
            tape.accumulate(b, (to, addend) -> product(tape.ones(dy.dim(0)), dy, to, addend, sign));
        } else {
            tape.accumulate(b, (to, addend) -> product(dy, tape.ones(dy.dim(1)).swap(0, 1), to, addend, sign));
        }
    }

    TapeValue eltwise(EltwiseFunction f, TapeValue x) {
        if (!tape.isTraining()
                && x.isDisposable()
                && x.producer() != null
                && x.producer().canFuseEltwise()) {
            x.producer().fuse(new PostOp.EltwisePostOp(f.algorithm(), f.alpha(), f.beta()));
            return new TapeValue(x.array(), false, x.producerStep(), true).setProducer(x.producer(), x.producerStep());
        }
        if (!x.array().isCompact()) return eltwise(f, tape.dense(x));
        boolean inPlace = x.isDisposable() && (!tape.isTraining() || f.backwardUsesOutput());
        StridedArray to = inPlace ? x.array() : x.array().like();
        tape.emit(Kernels.eltwise(f, x.array().flat(), to.flat()));
        TapeValue y = tape.value(to, x.needsGradient());
        StridedArray saved = f.backwardUsesOutput() ? to : x.array();
        tape.onBackward(() -> {
            StridedArray gradient = tape.gradient(y);
            if (gradient == null) return;
            StridedArray dy = gradient.hasLayoutOf(to) ? gradient : copy(gradient, to);
            tape.accumulateInto(x, dx -> tape.emit(Kernels.eltwiseBackward(f, saved.flat(), dy.flat(), dx.flat())));
        });
        return y;
    }

    /** Softmax inPlace the last axis. */
    TapeValue softmax(TapeValue input) {
        TapeValue x = tape.dense(input);
        StridedArray to = x.isDisposable() ? x.array() : x.array().like();
        tape.emit(Kernels.softmax(x.array().flat(), to.flat()));
        TapeValue y = tape.value(to, x.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy == null) return;
            StridedArray dense = dy.isDense() ? dy : copy(dy, to);
            if (dense != dy || y.ownsGradient()) {
                tape.emit(Kernels.softmaxBackward(to.flat(), dense.flat(), dense.flat()));
                tape.accumulate(x, dense, true);
            } else {
                tape.accumulateInto(x, dx -> tape.emit(Kernels.softmaxBackward(to.flat(), dense.flat(), dx.flat())));
            }
        });
        return y;
    }

    /** Mean inPlace one axis, which is removed: the product of [before, n, after] with a row of 1 / n. */
    TapeValue mean(TapeValue x, int axis) {
        long n = x.array().dim(axis);
        long before = 1;
        for (int i = 0; i < axis; i++) before *= x.array().dim(i);
        float[] average = new float[Math.toIntExact(n)];
        Arrays.fill(average, 1f / n);
        TapeValue row = new TapeValue(tape.constant(average, 1, 1, n), false, -1);
        return matmul(row, tape.reshape(x, before, n, x.array().size() / before / n))
                .setUsedOnce(true);
    }
}
