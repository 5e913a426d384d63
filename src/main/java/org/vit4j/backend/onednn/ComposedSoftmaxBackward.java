package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_sub;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_sum;

import java.util.List;

/**
 * Gradient of the softmax of rows, dx = y (dy - sum(y dy)), by three kernels for blocks of rows: without AVX-512, oneDNN 3.8
 * has only a reference kernel.
 */
final class ComposedSoftmaxBackward extends PrimitiveSequence {
    private final StridedArray y;
    private final StridedArray dy;
    private final StridedArray products;
    private final StridedArray sums;
    private final long blockRows;

    /** @param dx may be {@code dy}; all arrays [N, C] */
    ComposedSoftmaxBackward(StridedArray y, StridedArray dy, StridedArray dx) {
        super("softmax_bp", dx, y, dy);
        this.y = y;
        this.dy = dy;
        this.blockRows = Math.min(y.dim(0), Math.max(1, AttentionBlock.SIZE / y.last()));
        this.products = StridedArray.temporary(blockRows, y.last());
        this.sums = StridedArray.temporary(blockRows, 1);
        addArray(products);
        addArray(sums);
    }

    @Override
    void bind() {
        for (long from = 0; from < y.dim(0); from += blockRows) {
            long to = Math.min(from + blockRows, y.dim(0));
            StridedArray probs = y.slice(0, from, to);
            StridedArray gradient = dy.slice(0, from, to);
            StridedArray product = products.slice(0, 0, to - from);
            StridedArray sum = y.last() == 1 ? product : sums.slice(0, 0, to - from);
            add(Kernels.binary(dnnl_binary_mul, gradient, probs, product, null));
            if (sum != product) add(sumOfRows(product, sum)); // oneDNN refuses sums of one column
            add(Kernels.binary(dnnl_binary_sub, gradient, sum, result().slice(0, from, to), probs));
        }
    }

    private static Primitive sumOfRows(StridedArray x, StridedArray to) {
        return new Primitive(
                Dnnl.primitiveDesc(
                        "sum of rows",
                        desc -> dnnl_reduction_primitive_desc_create(
                                desc,
                                Dnnl.engine(),
                                dnnl_reduction_sum,
                                x.layout(),
                                to.layout(),
                                0,
                                0,
                                Dnnl.plainAttributes())),
                List.of(x.argument(DNNL_ARG_SRC), to.argument(DNNL_ARG_DST)));
    }
}
