package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_div;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_sub;

import java.util.Arrays;
import org.vit4j.backend.Precision;

/** Matrix products, elementwise operations, softmax and mean, with their backward passes. */
final class MatmulOps {
    /** Minimum rows for which reordering weights in every run is faster; measured on AVX2 and AVX-512. */
    private static final long MIN_ROWS_REORDERED = 512;

    private final Tape tape;
    private final ElementType operands;

    /** @param precision of products of the network; sums and means, which are products with constants, are float32 */
    MatmulOps(Tape tape, Precision precision) {
        this.tape = tape;
        this.operands = precision == Precision.BF16 ? ElementType.BF16 : ElementType.F32;
    }

    /** Type of the operands of products. */
    ElementType operands() {
        return operands;
    }

    /**
     * scale * a b: [.., M, K] x [.., K, N], of equal ranks; batch axes of size 1 are broadcast.
     *
     * @param c destination, [.., M, N]
     */
    TapeValue product(TapeValue a, TapeValue b, double scale, StridedArray c) {
        return product(tape.as(operands, a), tape.as(operands, b), null, scale, c);
    }

    private TapeValue product(TapeValue left, TapeValue right, TapeValue bias, double scale, StridedArray c) {
        TapeValue a = left.array().hasUnitStride() ? left : tape.dense(left);
        TapeValue b = right.array().hasUnitStride() ? right : tape.dense(right);
        StridedArray row = bias == null ? null : bias.array();
        int m = c.rank() - 2;
        int n = c.rank() - 1;
        return emitProduct(
                Kernels.matmul(a.array(), b.array(), row, c, scale),
                c,
                new ProductInputs(a, b, bias, scale),
                (dy, to, addend) -> product(dy, b.saved().swap(m, n), to, addend, scale));
    }

    /**
     * x weights + bias: [N, in] x [in, out].
     *
     * @param bias [1, out], or null
     * @param operands type of the factors
     * @param type of the result
     */
    TapeValue dense(TapeValue rows, TapeValue weights, TapeValue bias, ElementType operands, ElementType type) {
        TapeValue x = tape.as(operands, rows);
        StridedArray to =
                StridedArray.temporary(type, x.array().dim(0), weights.array().last());
        PackedWeights packed = tape.packed(weights.array());
        boolean unit = x.array().hasUnitStride() && weights.array().hasUnitStride();
        if (!unit || (packed == null && x.array().dim(0) < MIN_ROWS_REORDERED))
            return product(x, tape.as(operands, weights), bias, 1, to);
        StridedArray row = bias == null ? null : bias.array();
        return emitProduct(
                new DenseProduct(x.array(), weights.array(), row, to).step(packed),
                to,
                new ProductInputs(x, weights, bias, 1),
                (dy, dx, addend) -> denseBackward(dy, weights.array().swap(0, 1), dx, addend));
    }

    private void denseBackward(StridedArray dy, StridedArray transposed, StridedArray dx, StridedArray addend) {
        if (!dy.hasUnitStride() || dx.stride(1) != 1) {
            product(dy, as(dy.type(), transposed), dx, addend, 1);
            return;
        }
        PostOp.FusableStep step = new DenseProduct(dy, transposed, null, dx).step(null);
        step.fuseAdd(addend);
        tape.emit(step);
    }

    /** Operands of a product; {@code bias} may be null. */
    private record ProductInputs(TapeValue a, TapeValue b, TapeValue bias, double scale) {
        boolean needGradient() {
            return a.needsGradient() || b.needsGradient() || (bias != null && bias.needsGradient());
        }
    }

    /** Writes the gradient of a product's first operand, plus {@code addend} if that is not null. */
    private interface LeftGradient {
        void write(StridedArray dy, StridedArray to, StridedArray addend);
    }

    /** @param c the array that the step writes */
    private TapeValue emitProduct(PostOp.FusableStep step, StridedArray c, ProductInputs in, LeftGradient left) {
        int number = tape.emit(step);
        ElementType type = in.a.array().type();
        TapeValue y = tape.value(c, in.needGradient()).setProducer(step, number);
        tape.onBackward(() -> {
            StridedArray sum = tape.gradient(y);
            if (sum == null) return;
            StridedArray dy = tape.as(type, sum);
            // The second factor first: it may be the only reader of a recomputed first factor.
            if (in.b.needsGradient()) {
                StridedArray transposed = in.a.saved().swap(c.rank() - 2, c.rank() - 1);
                Tape.GradientWriter right = (to, addend) -> product(transposed, dy, to, addend, in.scale);
                tape.backwardPass().schedule(() -> accumulateProduct(in.b, type, right), in.b, transposed, dy);
            }
            accumulateProduct(in.a, type, (to, addend) -> left.write(dy, to, addend));
            if (in.bias != null) {
                tape.accumulate(
                        in.bias, (to, addend) -> product(tape.ones(sum.type(), sum.dim(0)), sum, to, addend, in.scale));
            }
        });
        return y;
    }

    /** @param type of the operands; products of floats cannot write bfloat16 */
    private void accumulateProduct(TapeValue n, ElementType type, Tape.GradientWriter writer) {
        if (type == ElementType.F32 && n.target() == null && n.gradientType() != type)
            tape.accumulateInto(n, type, to -> writer.write(to, null));
        else tape.accumulate(n, writer);
    }

    /** Product of equal ranks in float32, [.., M, K] x [.., K, N]; batch axes of size 1 are broadcast. */
    TapeValue matmul(TapeValue a, TapeValue b) {
        long[] dims = a.array().rank() >= b.array().rank()
                ? a.array().dims()
                : b.array().dims();
        for (int i = 0; i < dims.length - 2; i++)
            dims[i] = Math.max(a.array().dim(i), b.array().dim(i));
        dims[dims.length - 2] = a.array().dim(dims.length - 2);
        dims[dims.length - 1] = b.array().last();
        return product(tape.as(ElementType.F32, a), tape.as(ElementType.F32, b), null, 1, StridedArray.temporary(dims));
    }

    /** to = scale * (a b) + addend, summed over the batch axes where {@code to} has size 1. */
    private void product(StridedArray left, StridedArray right, StridedArray to, StridedArray addend, double scale) {
        StridedArray a = left.hasUnitStride() ? left : copy(left, StridedArray.temporary(left.type(), left.dims()));
        StridedArray b =
                right.hasUnitStride() ? right : copy(right, StridedArray.temporary(right.type(), right.dims()));
        int m = to.rank() - 2;
        int n = to.rank() - 1;
        if (to.dim(n) > 1 && to.stride(n) != 1 && (to.dim(m) == 1 || to.stride(m) == 1)) {
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
            StridedArray sum = to.isDense() && to.type() == ElementType.F32 ? to : StridedArray.temporary(to.dims());
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
        if (MatrixProduct.isFasterTransposed(a, b, to) && (addend == null || addend == to)) {
            StridedArray transposed = StridedArray.temporary(to.swap(m, n).dims());
            tape.emit(Kernels.matmul(b.swap(m, n), a.swap(m, n), null, transposed, scale));
            tape.emit(Kernels.copy(transposed.swap(m, n), to, addend != null));
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
        x.producer().fuse(new PostOp.BinaryPostOp(algorithm, asOperand(other.array(), x)));
        return true;
    }

    /** Folds a batch norm into the weights of the step that computes {@code x}; returns false if not possible. */
    boolean tryFold(TapeValue x, FoldedNorm norm) {
        return x.isDisposable()
                && x.producer() != null
                && x.hasOrderOfProducer()
                && x.array().last() == x.producer().result().last()
                && x.producer().fold(norm);
    }

    private static boolean canFuse(TapeValue x, TapeValue other) {
        return x.isDisposable()
                && x.producer() != null
                && x.hasOrderOfProducer()
                && other.readyStep() < x.producerStep()
                && asOperand(other.array(), x) != null;
    }

    /**
     * View of an array as the operand of a post-op of the step that computes {@code x}: in the shape of its result, of one row,
     * or of one example of a batch; null if there is none.
     */
    private static StridedArray asOperand(StridedArray other, TapeValue x) {
        StridedArray result = x.producer().result();
        long[] dims = result.dims();
        if (other.size() == result.size()) {
            StridedArray same = other.reshape(dims).orElse(null);
            return same != null && same.hasLayoutOf(result) ? same : null;
        }
        if (other.size() == result.last() && other.last() == result.last()) {
            Arrays.fill(dims, 0, dims.length - 1, 1);
            return other.reshape(dims).orElseThrow();
        }
        if (!canFuseSameSize(x) || !x.array().isDense() || !result.isDense() || !other.isDense()) return null;
        for (int axis = 0; axis < dims.length - 2; axis++) {
            dims[axis] = 1;
            if (Arrays.stream(dims).reduce(1, (a, b) -> a * b) == other.size())
                return other.reshape(dims).orElseThrow();
        }
        return null;
    }

    private static boolean canFuseSameSize(TapeValue x) {
        return x.producer() != null && x.producer().canFuseSameSize();
    }

    private boolean tryFuseAdd(TapeValue x, TapeValue other) {
        boolean example = other.array().dim(0) == 1
                && other.array().size() * x.array().dim(0) == x.array().size();
        return (example || x.array().size() == other.array().size())
                && (x.array().type() == ElementType.F32 || other.array().type() == ElementType.BF16)
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
            accumulateBroadcast(other, dy, 1, !x.needsGradient() && y.ownsGradient());
        });
        return y;
    }

    private TapeValue binary(int algorithm, TapeValue a, TapeValue b) {
        boolean same = a.array().size() == b.array().size();
        if (same && a.array().type() != b.array().type())
            return binary(algorithm, tape.as(ElementType.F32, a), tape.as(ElementType.F32, b));
        if (same && !(a.array().hasLayoutOf(b.array()) && a.array().isCompact())) {
            return binary(algorithm, tape.dense(a), tape.dense(b));
        }
        if (!same && !(a.array().isDense() && b.array().isDense())) {
            return binary(algorithm, tape.dense(a), tape.dense(b));
        }
        boolean linear = algorithm == dnnl_binary_add || algorithm == dnnl_binary_sub;
        boolean needsOutput = tape.isTraining() && !linear && b.needsGradient();
        // The gradient of a row of factors reads the other operand: a rounded copy takes half of its memory.
        boolean rounded = needsOutput
                && !same
                && algorithm == dnnl_binary_mul
                && a.isDisposable()
                && a.array().type() == ElementType.F32
                && operands == ElementType.BF16;
        StridedArray saved = rounded ? tape.as(operands, a.array()) : null;
        StridedArray to = a.isDisposable() && (rounded || !needsOutput)
                ? a.array()
                : a.array().like();
        tape.emit(binaryStep(algorithm, a.array(), b.array(), to));
        TapeValue y = tape.value(to, a.needsGradient() || b.needsGradient());
        if (algorithm == dnnl_binary_div && b.needsGradient()) y.setReadByGradient();
        tape.onBackward(() -> {
            StridedArray gradient = tape.gradient(y);
            if (gradient == null) return;
            StridedArray dy = gradient.hasLayoutOf(to) ? gradient : copy(gradient, to);
            boolean own = y.ownsGradient() || dy != gradient;
            if (linear) {
                tape.accumulate(a, dy, own && !b.needsGradient());
                accumulateBroadcast(b, dy, algorithm == dnnl_binary_add ? 1 : -1, own && !a.needsGradient());
            } else if (algorithm == dnnl_binary_mul) {
                StridedArray factor = saved == null ? a.saved() : saved;
                if (b.needsGradient()) accumulateBroadcast(b, product(dnnl_binary_mul, dy, factor), 1, true);
                tape.accumulateInto(a, da -> tape.emit(binaryStep(dnnl_binary_mul, dy, b.saved(), da)));
            } else {
                StridedArray da = product(dnnl_binary_div, dy, b.array());
                if (b.needsGradient()) accumulateBroadcast(b, product(dnnl_binary_mul, da, to), -1, true);
                tape.accumulate(a, da, true);
            }
        });
        return y;
    }

    private StridedArray as(ElementType type, StridedArray x) {
        return tape.as(type, new TapeValue(x, false, -1)).array();
    }

    /** A copy with the strides of another array. */
    StridedArray copy(StridedArray from, StridedArray layout) {
        StridedArray to = layout.like(from.type());
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

    /** Adds the gradient of an operand with broadcast axes: the sum over these axes. */
    private void accumulateBroadcast(TapeValue b, StridedArray dy, double sign, boolean own) {
        if (!b.needsGradient()) return;
        if (b.array().size() == dy.size() && sign == 1) {
            tape.accumulate(b, dy, own);
        } else if (b.array().size() == dy.size()) {
            tape.accumulateInto(
                    b, to -> tape.emit(Kernels.eltwise(EltwiseFunction.linear(sign, 0), dy.flat(), to.flat())));
        } else if (b.array().dim(0) == 1 && b.array().last() == dy.last()) {
            tape.accumulate(b, (to, addend) -> product(tape.ones(dy.type(), dy.dim(0)), dy, to, addend, sign));
        } else {
            tape.accumulate(
                    b,
                    (to, addend) -> product(dy, tape.ones(dy.type(), dy.dim(1)).swap(0, 1), to, addend, sign));
        }
    }

    /** Mean over one axis, which is removed: the product of [before, n, after] with a row of 1 / n. */
    TapeValue mean(TapeValue x, int axis) {
        long n = x.array().dim(axis);
        long before = 1;
        for (int i = 0; i < axis; i++) before *= x.array().dim(i);
        float[] average = new float[Math.toIntExact(n)];
        Arrays.fill(average, 1f / n);
        TapeValue row = new TapeValue(tape.constant(average, 1, 1, n), false, -1);
        return matmul(
                        row,
                        tape.reshape(
                                tape.as(ElementType.F32, x),
                                before,
                                n,
                                x.array().size() / before / n))
                .setUsedOnce(true);
    }
}
