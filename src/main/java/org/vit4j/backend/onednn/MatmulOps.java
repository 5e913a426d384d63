package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_div;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_sub;

import java.util.Arrays;
import org.vit4j.graph.Op;
import org.vit4j.graph.Window;

/** Products and elementwise functions, each with its backward pass. */
final class MatmulOps {
    /** Rows from which on a product pays that moves the kernel first, by measurement on AVX2. */
    private static final long MOVED = 512;
    /** The same where the kernel was moved once and for all. */
    private static final long KEPT = 8;
    /** Convolutions fill up channels to blocks of eight. */
    private static final long THIN = 16;

    private final Tape tape;

    MatmulOps(Tape tape) {
        this.tape = tape;
    }

    /**
     * scale * (a b + bias): [.., M, K] x [.., K, N], of equal ranks; an axis of 1 in front serves every batch.
     *
     * @param bias [1, N], only with matrices; or null
     * @param c where to write, [.., M, N]
     */
    TapeValue matmul(TapeValue left, TapeValue right, TapeValue bias, double scale, StridedArray c) {
        TapeValue a = left.array().hasRows() ? left : tape.dense(left);
        TapeValue b = right.array().hasRows() ? right : tape.dense(right);
        return emitted(
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
     * <p>oneDNN's matrix products take the kernel as it lies. Its convolutions, of 1 by 1 here, first bring it where it is
     * read in order: with AVX2 a tenth to a half faster, and more where {@code in} or {@code out} is a power of two.
     *
     * @param bias [1, out], or null
     */
    TapeValue dense(TapeValue x, TapeValue kernel, TapeValue bias) {
        long rows = x.array().dim(0);
        StridedArray to = StridedArray.fresh(rows, kernel.array().last());
        StridedArray pixels = x.array().isDense()
                ? x.array().reshape(1, rows, 1, x.array().last()).orElse(null)
                : null;
        StridedArray window = kernel.array()
                .reshape(1, 1, kernel.array().dim(0), kernel.array().last())
                .orElse(null);
        PackedWeights packed = tape.packed(kernel.array());
        long fewest = packed == null ? MOVED : KEPT;
        long thinnest = Math.min(kernel.array().dim(0), kernel.array().last());
        if (pixels == null || window == null || rows < fewest || thinnest < THIN) return matmul(x, kernel, bias, 1, to);
        Op.Conv2d pointwise = new Op.Conv2d(Math.toIntExact(to.last()), Window.square(1, 1, 0), 1, bias != null);
        StridedArray image = to.reshape(1, rows, 1, to.last()).orElseThrow();
        ConvolutionPrimitive convolution = new ConvolutionPrimitive(
                pixels, window, bias == null ? null : bias.array(), pointwise, packed, image.dims());
        return emitted(convolution.forward(image), x, kernel, bias, 1, to);
    }

    /** The product that a step makes, and its backward pass, which is matrix products however the step goes about it. */
    private TapeValue emitted(
            PostOp.FusableStep step, TapeValue a, TapeValue b, TapeValue bias, double scale, StridedArray c) {
        int number = tape.emit(step);
        boolean needs = a.needsGradient() || b.needsGradient() || (bias != null && bias.needsGradient());
        TapeValue y = tape.value(c, needs).setProducer(step, number);
        int m = c.rank() - 2;
        int n = c.rank() - 1;
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy == null) return;
            tape.accumulate(a, (to, plus) -> product(dy, b.array().swap(m, n), to, plus, scale));
            tape.accumulate(b, (to, plus) -> product(a.array().swap(m, n), dy, to, plus, scale));
            if (bias != null) tape.accumulate(bias, (to, plus) -> product(tape.ones(dy.dim(0)), dy, to, plus, scale));
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
        return matmul(a, b, null, 1, StridedArray.fresh(dims));
    }

    /** to = scale * (a b) + plus, summed over batches where {@code to} has one only. */
    private void product(StridedArray left, StridedArray right, StridedArray to, StridedArray plus, double scale) {
        StridedArray a = left.hasRows() ? left : copied(left, StridedArray.fresh(left.dims()));
        StridedArray b = right.hasRows() ? right : copied(right, StridedArray.fresh(right.dims()));
        int m = to.rank() - 2;
        int n = to.rank() - 1;
        if (to.dim(m) > 1 && to.dim(n) > 1 && to.stride(n) != 1 && to.stride(m) == 1) {
            // oneDNN writes rows only: (a b)' = b' a'.
            StridedArray turned = to.swap(m, n);
            product(
                    b.swap(m, n),
                    a.swap(m, n),
                    turned,
                    plus == null ? null : plus == to ? turned : plus.swap(m, n),
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
            StridedArray each = StridedArray.fresh(dims);
            tape.emit(Kernels.matmul(a, b, null, each, scale));
            long batches = each.size() / to.size();
            StridedArray rows = each.reshape(batches, to.size()).orElseThrow();
            // The one batch that is left may be transposed: its elements in the order of the product.
            StridedArray sum = to.isDense() ? to : StridedArray.fresh(to.dims());
            PostOp.FusableStep step = Kernels.matmul(
                    tape.ones(batches), rows, null, sum.reshape(1, to.size()).orElseThrow(), 1);
            if (sum == to && plus != null) step.plus(plus);
            tape.emit(step);
            if (sum != to) {
                if (plus != null && plus != to) tape.emit(Kernels.copy(plus, to, false));
                tape.emit(Kernels.copy(sum, to, plus != null));
            }
            return;
        }
        PostOp.FusableStep step = Kernels.matmul(a, b, null, to, scale);
        step.plus(plus);
        tape.emit(step);
    }

    /** Elementwise of matrices; an axis of 1 in b stands for all of a's. */
    TapeValue add(TapeValue a, TapeValue b) {
        if (fused(a, b)) return sum(a, b);
        if (fused(b, a)) return sum(b, a);
        return binary(dnnl_binary_add, a, b);
    }

    TapeValue sub(TapeValue a, TapeValue b) {
        return binary(dnnl_binary_sub, a, b);
    }

    TapeValue mul(TapeValue a, TapeValue b) {
        if (!tape.isTraining() && fuse(dnnl_binary_mul, a, b)) {
            return new TapeValue(a.array(), false, a.producerStep(), true).setProducer(a.producer(), a.producerStep());
        }
        return binary(dnnl_binary_mul, a, b);
    }

    TapeValue div(TapeValue a, TapeValue b) {
        return binary(dnnl_binary_div, a, b);
    }

    /** Whether the step that makes {@code x} can do a broadcast operation with {@code other}; then it will. */
    boolean fuse(int algorithm, TapeValue x, TapeValue other) {
        if (!canFuse(x, other)) return false;
        x.producer()
                .fuse(new PostOp.BinaryPostOp(
                        algorithm, shaped(other.array(), x.producer().result())));
        return true;
    }

    private static boolean canFuse(TapeValue x, TapeValue other) {
        return x.isDisposable()
                && x.producer() != null
                && x.producer().takesArrays()
                && other.ready() < x.producerStep()
                && shaped(other.array(), x.producer().result()) != null;
    }

    /** An array as the operand of a post-op: in the shape of the result, or one row of it. */
    private static StridedArray shaped(StridedArray other, StridedArray result) {
        long[] dims = result.dims();
        if (other.size() == result.size()) {
            StridedArray same = other.reshape(dims).orElse(null);
            return same != null && same.isLaidOutAs(result) ? same : null;
        }
        if (other.size() != result.last() || other.last() != result.last()) return null;
        long[] row = new long[dims.length];
        Arrays.fill(row, 1);
        row[dims.length - 1] = result.last();
        return other.reshape(row).orElseThrow();
    }

    private static boolean whole(TapeValue x) {
        return x.producer() != null && x.producer().takesWhole();
    }

    private boolean fused(TapeValue x, TapeValue other) {
        return x.array().size() == other.array().size()
                && whole(x)
                && canFuse(x, other)
                && fuse(dnnl_binary_add, x, other);
    }

    /** Of two values whose sum the step of the first makes. */
    private TapeValue sum(TapeValue x, TapeValue other) {
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
        if (same && !(a.array().isLaidOutAs(b.array()) && a.array().isCompact())) {
            return binary(algorithm, tape.dense(a), tape.dense(b));
        }
        if (!same && !(a.array().isDense() && b.array().isDense())) {
            return binary(algorithm, tape.dense(a), tape.dense(b));
        }
        boolean linear = algorithm == dnnl_binary_add || algorithm == dnnl_binary_sub;
        boolean keep = tape.isTraining() && !linear && b.needsGradient();
        StridedArray to = a.isDisposable() && !keep ? a.array() : a.array().like();
        tape.emit(operation(algorithm, a.array(), b.array(), to));
        TapeValue y = tape.value(to, a.needsGradient() || b.needsGradient());
        tape.onBackward(() -> {
            StridedArray given = tape.gradient(y);
            if (given == null) return;
            StridedArray dy = given.isLaidOutAs(to) ? given : copied(given, to);
            boolean own = y.ownsGradient() || dy != given;
            if (linear) {
                tape.accumulate(a, dy, own && !b.needsGradient());
                spread(b, dy, algorithm == dnnl_binary_add ? 1 : -1, own && !a.needsGradient());
            } else if (algorithm == dnnl_binary_mul) {
                if (b.needsGradient()) spread(b, product(dnnl_binary_mul, dy, a.array()), 1, true);
                tape.accumulateInto(a, da -> tape.emit(operation(dnnl_binary_mul, dy, b.array(), da)));
            } else {
                StridedArray da = product(dnnl_binary_div, dy, b.array());
                if (b.needsGradient()) spread(b, product(dnnl_binary_mul, da, to), -1, true);
                tape.accumulate(a, da, true);
            }
        });
        return y;
    }

    private StridedArray copied(StridedArray from, StridedArray layout) {
        StridedArray to = layout.like();
        tape.emit(Kernels.copy(from, to, false));
        return to;
    }

    private StridedArray product(int algorithm, StridedArray a, StridedArray b) {
        StridedArray to = a.like();
        tape.emit(operation(algorithm, a, b, to));
        return to;
    }

    private static KernelStep operation(int algorithm, StridedArray a, StridedArray b, StridedArray to) {
        boolean same = a.size() == b.size();
        return same ? Kernels.binary(algorithm, a.flat(), b.flat(), to.flat()) : Kernels.binary(algorithm, a, b, to);
    }

    /** The gradient of an operand that was the same along the axes where it has 1: a sum. */
    private void spread(TapeValue b, StridedArray dy, double sign, boolean own) {
        if (!b.needsGradient()) return;
        if (b.array().size() == dy.size() && sign == 1) {
            tape.accumulate(b, dy, own);
        } else if (b.array().size() == dy.size()) {
            tape.accumulateInto(
                    b, to -> tape.emit(Kernels.eltwise(EltwiseFunction.linear(sign, 0), dy.flat(), to.flat())));
        } else if (b.array().dim(0) == 1) {
            tape.accumulate(b, (to, plus) -> product(tape.ones(dy.dim(0)), dy, to, plus, sign));
        } else {
            tape.accumulate(b, (to, plus) -> product(dy, tape.ones(dy.dim(1)).swap(0, 1), to, plus, sign));
        }
    }

    TapeValue eltwise(EltwiseFunction f, TapeValue x) {
        if (!tape.isTraining()
                && x.isDisposable()
                && x.producer() != null
                && x.producer().takesFunction()) {
            x.producer().fuse(new PostOp.EltwisePostOp(f.algorithm(), f.alpha(), f.beta()));
            return new TapeValue(x.array(), false, x.producerStep(), true).setProducer(x.producer(), x.producerStep());
        }
        if (!x.array().isCompact()) return eltwise(f, tape.dense(x));
        boolean over = x.isDisposable() && (!tape.isTraining() || f.byOutput());
        StridedArray to = over ? x.array() : x.array().like();
        tape.emit(Kernels.eltwise(f, x.array().flat(), to.flat()));
        TapeValue y = tape.value(to, x.needsGradient());
        StridedArray kept = f.byOutput() ? to : x.array();
        tape.onBackward(() -> {
            StridedArray given = tape.gradient(y);
            if (given == null) return;
            StridedArray dy = given.isLaidOutAs(to) ? given : copied(given, to);
            tape.accumulateInto(x, dx -> tape.emit(Kernels.eltwiseBackward(f, kept.flat(), dy.flat(), dx.flat())));
        });
        return y;
    }

    /** Over the last axis. */
    TapeValue softmax(TapeValue given) {
        TapeValue x = tape.dense(given);
        StridedArray to = x.isDisposable() ? x.array() : x.array().like();
        tape.emit(Kernels.softmax(x.array().flat(), to.flat()));
        TapeValue y = tape.value(to, x.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy == null) return;
            StridedArray tidy = dy.isDense() ? dy : copied(dy, to);
            if (tidy != dy || y.ownsGradient()) {
                tape.emit(Kernels.softmaxBackward(to.flat(), tidy.flat(), tidy.flat()));
                tape.accumulate(x, tidy, true);
            } else {
                tape.accumulateInto(x, dx -> tape.emit(Kernels.softmaxBackward(to.flat(), tidy.flat(), dx.flat())));
            }
        });
        return y;
    }

    /** Over one axis, which goes: [pre, n, post] by a row of 1 / n. */
    TapeValue mean(TapeValue x, int axis) {
        long n = x.array().dim(axis);
        long before = 1;
        for (int i = 0; i < axis; i++) before *= x.array().dim(i);
        float[] average = new float[Math.toIntExact(n)];
        Arrays.fill(average, 1f / n);
        TapeValue row = new TapeValue(tape.constant(average, 1, 1, n), false, -1);
        return matmul(row, tape.reshape(x, before, n, x.array().size() / before / n))
                .usedOnce(true);
    }
}
