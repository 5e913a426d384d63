package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.dnnl.dnnl_primitive_attr;

/** Product of arrays as they lie in memory, c = scale * (a b + bias). */
final class MatrixProduct extends PrimitiveSequence {
    /** Minimum rows for which the product of the transposes is faster if rows compete for the cache; measured on AVX-512. */
    private static final long MIN_ROWS_TRANSPOSED = 256;

    /** Maximum columns of a product with a transposed left operand for which the product of the transposes is faster. */
    static final long MAX_NARROW_COLUMNS = 32;

    /** Minimum rows of both operands for the same. */
    private static final long MIN_NARROW_ROWS = 64;

    private final StridedArray left;
    private final StridedArray right;
    private final StridedArray bias;

    /** @param bias [.., 1, N], or null */
    MatrixProduct(StridedArray left, StridedArray right, StridedArray bias, StridedArray result, double scale) {
        super("matmul", scale, result, left, right);
        this.left = left;
        this.right = right;
        this.bias = bias;
        if (bias != null) addArray(bias);
    }

    /** Returns true if b' a' and a copy of the result are faster than a b; measured on AVX-512. */
    static boolean isFasterTransposed(StridedArray a, StridedArray b, StridedArray to) {
        int m = to.rank() - 2;
        if (a.stride(m) != 1 || LargeProduct.isFor(a, b)) return false;
        // oneDNN reorders a transposed left operand, such as the attention maps of images, which pays with many
        // columns.
        boolean narrow = to.rank() > 2
                && Dnnl.hasAvx512()
                && a.type() == ElementType.F32
                && to.last() <= MAX_NARROW_COLUMNS
                && Math.min(a.dim(m), a.last()) >= MIN_NARROW_ROWS;
        return narrow || (b.dim(m) >= MIN_ROWS_TRANSPOSED && b.rowsCompeteForCache());
    }

    @Override
    void bind() {
        bind(left, right, result(), operand -> operand);
    }

    /** @param view of an operand of a post-op, shaped like the whole result or broadcast to it, for the product a b */
    private void bind(StridedArray a, StridedArray b, StridedArray c, UnaryOperator<StridedArray> view) {
        long batch = c.size() / (c.dim(c.rank() - 2) * c.last());
        if (Stream.of(a, b, c).anyMatch(array -> array.hasMisjudgedBatch(batch))) {
            bindHalves(a, b, c, view);
            return;
        }
        List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(
                List.of(a.argument(DNNL_ARG_SRC), b.argument(DNNL_ARG_WEIGHTS), c.argument(DNNL_ARG_DST)));
        if (bias != null) arguments.add(bias.argument(DNNL_ARG_BIAS));
        try (PrimitiveAttributes attributes = attributes()) {
            dnnl_primitive_attr sealed = attributes(attributes, arguments, view);
            String what = "matmul " + a + " x " + b + " -> " + c;
            Dnnl.DescriptorCall call = desc -> dnnl_matmul_primitive_desc_create(
                    desc,
                    Dnnl.engine(),
                    a.layout(),
                    b.layout(),
                    bias == null ? null : bias.layout(),
                    c.layout(),
                    sealed);
            add(new Primitive(LargeProduct.primitiveDesc(a, b, what, call), arguments));
        }
    }

    /** Divides the outermost batch axis: the same strides are not misjudged with another number of matrices. */
    private void bindHalves(StridedArray a, StridedArray b, StridedArray c, UnaryOperator<StridedArray> view) {
        int outermost = 0;
        while (c.dim(outermost) == 1) outermost++;
        int axis = outermost;
        long half = c.dim(axis) / 2;
        bindPart(a, b, c, view, x -> x.part(axis, 0, half));
        bindPart(a, b, c, view, x -> x.part(axis, half, c.dim(axis)));
    }

    private void bindPart(
            StridedArray a,
            StridedArray b,
            StridedArray c,
            UnaryOperator<StridedArray> view,
            UnaryOperator<StridedArray> part) {
        bind(
                part.apply(a).forMatmul(),
                part.apply(b).forMatmul(),
                part.apply(c).forMatmul(),
                operand -> part.apply(view.apply(operand)));
    }
}
