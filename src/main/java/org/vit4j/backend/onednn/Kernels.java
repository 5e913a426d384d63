package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.Pointer;

/** Factories of steps that run one oneDNN primitive. Callers ensure matching shapes and layouts; see {@link Tape}. */
final class Kernels {
    private Kernels() {}

    /**
     * c = scale * (a b + bias), [.., M, K] x [.., K, N]; bias [.., 1, N] or null; batch axes of size 1 are broadcast.
     */
    static PostOp.FusableStep matmul(
            StridedArray left, StridedArray right, StridedArray bias, StridedArray result, double scale) {
        return new MatrixProduct(left.forMatmul(), right.forMatmul(), bias, result.forMatmul(), scale);
    }

    /** Copies between layouts and types, or broadcasts along axes of stride 0; with {@code add}, adds to the destination. */
    static KernelStep copy(StridedArray from, StridedArray to, boolean add) {
        return KernelStep.of(
                add ? "accumulate" : "copy",
                () -> new Primitive(
                        Reorder.createPrimitiveDesc(from.layout(), to.layout(), add),
                        List.of(from.argument(DNNL_ARG_FROM), to.argument(DNNL_ARG_TO))),
                from,
                to);
    }

    static KernelStep zero(StridedArray dense) {
        if (!dense.isCompact()) throw new IllegalArgumentException("not without gaps: " + dense);
        return new KernelStep("zero", dense) {
            private Pointer memory;

            @Override
            void bind() {
                memory = new RawPointer(dense.address());
            }

            @Override
            void run() {
                Pointer.memset(memory, 0, dense.size() * dense.type().bytes());
            }
        };
    }

    /** JavaCPP pointer to an address in memory that it does not own. */
    static final class RawPointer extends Pointer {
        RawPointer(long address) {
            this.address = address;
        }
    }

    private static dnnl_primitive_desc eltwiseForward(EltwiseFunction f, StridedArray x) {
        return Dnnl.primitiveDesc(
                f.name(),
                desc -> dnnl_eltwise_forward_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        dnnl_forward_training,
                        f.algorithm(),
                        x.layout(),
                        x.layout(),
                        f.alpha(),
                        f.beta(),
                        Dnnl.plainAttributes()));
    }

    static KernelStep eltwise(EltwiseFunction f, StridedArray x, StridedArray y) {
        return KernelStep.of(
                f.name(),
                () -> new Primitive(eltwiseForward(f, x), List.of(x.argument(DNNL_ARG_SRC), y.argument(DNNL_ARG_DST))),
                x,
                y);
    }

    /** @param saved the forward pass's output if {@link EltwiseFunction#backwardUsesOutput}, otherwise its input */
    static KernelStep eltwiseBackward(EltwiseFunction f, StridedArray saved, StridedArray dy, StridedArray dx) {
        return KernelStep.of(
                f.name() + "_bp",
                () -> {
                    dnnl_primitive_desc forward = eltwiseForward(f, saved);
                    dnnl_primitive_desc backward = Dnnl.backwardDesc(
                            forward,
                            f.name() + " backward",
                            desc -> dnnl_eltwise_backward_primitive_desc_create(
                                    desc,
                                    Dnnl.engine(),
                                    f.algorithm(),
                                    dx.layout(),
                                    dy.layout(),
                                    saved.layout(),
                                    f.alpha(),
                                    f.beta(),
                                    forward,
                                    Dnnl.plainAttributes()));
                    return new Primitive(
                            backward,
                            List.of(
                                    saved.argument(f.backwardUsesOutput() ? DNNL_ARG_DST : DNNL_ARG_SRC),
                                    dy.argument(DNNL_ARG_DIFF_DST),
                                    dx.argument(DNNL_ARG_DIFF_SRC)));
                },
                saved,
                dy,
                dx);
    }

    static KernelStep binary(int algorithm, StridedArray a, StridedArray b, StridedArray y) {
        return KernelStep.of("binary", () -> binary(algorithm, a, b, y, null), a, b, y);
    }

    /** @param factor that the result is multiplied by; null if there is none */
    static Primitive binary(int algorithm, StridedArray a, StridedArray b, StridedArray y, StridedArray factor) {
        try (PrimitiveAttributes attributes = new PrimitiveAttributes(1)) {
            List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(
                    List.of(a.argument(DNNL_ARG_SRC_0), b.argument(DNNL_ARG_SRC_1), y.argument(DNNL_ARG_DST)));
            if (factor != null) arguments.add(factor.argument(attributes.binary(dnnl_binary_mul, factor.layout())));
            return new Primitive(
                    Dnnl.primitiveDesc(
                            "binary",
                            desc -> dnnl_binary_primitive_desc_create(
                                    desc,
                                    Dnnl.engine(),
                                    algorithm,
                                    a.layout(),
                                    b.layout(),
                                    y.layout(),
                                    attributes.seal())),
                    arguments);
        }
    }

    private static dnnl_primitive_desc softmaxForward(StridedArray x, StridedArray y) {
        return Dnnl.primitiveDesc(
                "softmax",
                desc -> dnnl_softmax_forward_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        dnnl_forward_training,
                        dnnl_softmax_accurate,
                        rowLayout(x),
                        rowLayout(y),
                        1,
                        Dnnl.plainAttributes()));
    }

    private static MemoryLayout rowLayout(StridedArray rows) {
        if (rows.isDense()) return rows.layout();
        if ((rows.dim(1) > 1 && rows.stride(1) != 1) || rows.stride(0) != StridedArray.aligned(rows.dim(1)))
            throw new IllegalArgumentException("neither dense nor with aligned rows: " + rows);
        return MemoryLayout.alignedRows(rows.type(), rows.dim(0), rows.dim(1));
    }

    private static Primitive.PrimitiveArgument rowArgument(int role, StridedArray rows) {
        return rows.argument(role, rowLayout(rows));
    }

    /** Softmax of each row, [N, C], of arrays that are dense, or all with aligned rows, whose gaps in {@code y} are overwritten. */
    static KernelStep softmax(StridedArray x, StridedArray y) {
        return KernelStep.of(
                "softmax",
                () -> new Primitive(
                        softmaxForward(x, y), List.of(rowArgument(DNNL_ARG_SRC, x), rowArgument(DNNL_ARG_DST, y))),
                x,
                y);
    }

    /** The gradient of {@link #softmax} from its result. */
    static KernelStep softmaxBackward(StridedArray y, StridedArray dy, StridedArray dx) {
        if (!Dnnl.hasAvx512()) return new ComposedSoftmaxBackward(y, dy, dx);
        return KernelStep.of(
                "softmax_bp",
                () -> {
                    dnnl_primitive_desc forward = softmaxForward(dx, y);
                    dnnl_primitive_desc backward = Dnnl.backwardDesc(
                            forward,
                            "softmax backward",
                            desc -> dnnl_softmax_backward_primitive_desc_create(
                                    desc,
                                    Dnnl.engine(),
                                    dnnl_softmax_accurate,
                                    rowLayout(dx),
                                    rowLayout(dy),
                                    rowLayout(y),
                                    1,
                                    forward,
                                    Dnnl.plainAttributes()));
                    return new Primitive(
                            backward,
                            List.of(
                                    rowArgument(DNNL_ARG_DST, y),
                                    rowArgument(DNNL_ARG_DIFF_DST, dy),
                                    rowArgument(DNNL_ARG_DIFF_SRC, dx)));
                },
                y,
                dy,
                dx);
    }
}
