package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_scratchpad_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_weights_md;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.vit4j.backend.Alignment;
import org.vit4j.machine.CpuThreads;

/**
 * Product of rows and weights, y = x w + bias, [M, K] x [K, N], with the weights in the type of x and the layout that oneDNN
 * prefers: constant weights are reordered once ({@link PackedWeights}), others in every run.
 */
record DenseProduct(StridedArray x, StridedArray weights, StridedArray bias, StridedArray y) {
    /** Columns of a block of weights of AMX products that would take a single thread otherwise. */
    private static final long COLUMN_BLOCK = 48;

    /** Arrays with normalized strides; bias [1, N] or null. */
    DenseProduct(StridedArray x, StridedArray weights, StridedArray bias, StridedArray y) {
        this.x = x.forMatmul();
        this.weights = weights.forMatmul();
        this.bias = bias;
        this.y = y.forMatmul();
    }

    private boolean isLarge() {
        return LargeProduct.isFor(x, weights);
    }

    /** @param requested layout of the weights */
    private dnnl_primitive_desc description(
            MemoryLayout requested, MemoryLayout biasLayout, dnnl_primitive_attr attributes) {
        String what = "matmul " + x + " x " + weights + " -> " + y;
        Dnnl.DescriptorCall call = desc -> dnnl_matmul_primitive_desc_create(
                desc, Dnnl.engine(), x.layout(), requested, biasLayout, y.layout(), attributes);
        return LargeProduct.primitiveDesc(x, weights, what, call);
    }

    /** @param packed cache of constant weights; null if they may change */
    PostOp.FusableStep step(PackedWeights packed) {
        StridedArray buffer = packed == null && !isLarge() ? planBuffer() : null;
        PrimitiveSequence step = new PrimitiveSequence("dense", y, x, weights) {
            @Override
            void bind() {
                Primitive.PrimitiveArgument row = bias == null ? null : bias.argument(DNNL_ARG_BIAS);
                BoundRows all = BoundRows.of(DenseProduct.this, norm == null ? row : normedBias(packed, norm), this);
                List<Primitive.PrimitiveArgument> arguments = new ArrayList<>();
                dnnl_primitive_desc desc = all.description(arguments);
                Primitive.PrimitiveArgument reordered = weights(desc, weights, packed, buffer);
                List<Long> parts = all.parts();
                if (parts.size() == 1) {
                    arguments.add(reordered);
                    add(new Primitive(desc, arguments));
                    return;
                }
                dnnl_primitive_desc_destroy(desc);
                long from = 0;
                BoundRows packedRows = all.in(reordered.layout());
                for (long rows : parts) {
                    add(packedRows.part(from, from + rows).primitive(reordered));
                    from += rows;
                }
            }

            @Override
            boolean fold(FoldedNorm folded) {
                if (packed == null || hasPostOps() || !weights.isDense() || weights.last() != folded.channels())
                    return false;
                norm = folded;
                return true;
            }
        };
        if (buffer != null) step.addArray(buffer);
        if (bias != null) step.addArray(bias);
        return step;
    }

    /**
     * Consecutive rows of a product whose arrays have addresses.
     *
     * @param from the first row; {@code to} is exclusive
     * @param row the bias; null if there is none
     * @param step whose post-ops follow the product
     * @param requested layout of the weights
     */
    private record BoundRows(
            DenseProduct product,
            long from,
            long to,
            Primitive.PrimitiveArgument row,
            PostOp.FusableStep step,
            MemoryLayout requested) {
        /** All rows, with the weights in the layout that is fastest. */
        static BoundRows of(DenseProduct product, Primitive.PrimitiveArgument row, PostOp.FusableStep step) {
            long[] dims = product.weights.dims();
            MemoryLayout any = product.isLarge() ? product.weights.layout() : MemoryLayout.any(product.x.type(), dims);
            BoundRows rows = new BoundRows(product, 0, product.x.dim(0), row, step, any);
            boolean blocks = dims[1] % COLUMN_BLOCK == 0 && rows.mayLeaveThreadsIdle() && !rows.usesAllThreads();
            return blocks ? rows.in(MemoryLayout.blocksOf48Columns(dims)) : rows;
        }

        private BoundRows in(MemoryLayout layout) {
            return new BoundRows(product, from, to, row, step, layout);
        }

        BoundRows part(long start, long end) {
            return new BoundRows(product, start, end, row, step, requested);
        }

        private StridedArray slice(StridedArray array) {
            return array.part(0, from, to);
        }

        /**
         * A descriptor, owned by the caller.
         *
         * @param arguments to which those of the primitive are added, except the weights
         */
        dnnl_primitive_desc description(List<Primitive.PrimitiveArgument> arguments) {
            DenseProduct rows = new DenseProduct(slice(product.x), product.weights, product.bias, slice(product.y));
            arguments.add(rows.x.argument(DNNL_ARG_SRC));
            arguments.add(rows.y.argument(DNNL_ARG_DST));
            if (row != null) arguments.add(row);
            try (PrimitiveAttributes attributes = step.attributes()) {
                return rows.description(
                        requested,
                        row == null ? null : row.layout(),
                        step.attributes(attributes, arguments, this::slice));
            }
        }

        Primitive primitive(Primitive.PrimitiveArgument weights) {
            List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(List.of(weights));
            return new Primitive(description(arguments), arguments);
        }

        /** Numbers of rows of the parts to compute one after another, which all read the same weights. */
        List<Long> parts() {
            if (!mayLeaveThreadsIdle()) return List.of(to);
            long[] dims = product.weights.dims();
            List<Long> even = RowParts.even(to, dims[0], dims[1], CpuThreads.current());
            // Blocks of columns were chosen, or were not necessary.
            if (even.size() > 1 || dims[1] % COLUMN_BLOCK == 0) return even;
            MemoryLayout weights = query(dnnl_query_weights_md);
            return RowParts.of(
                    to, rows -> part(0, rows).usesAllThreads() && part(0, rows).isIn(weights));
        }

        private boolean mayLeaveThreadsIdle() {
            return CpuThreads.current() > 1 && product.x.type() == ElementType.BF16 && Dnnl.hasAmx();
        }

        private boolean isIn(MemoryLayout weights) {
            return query(dnnl_query_weights_md).isEqualTo(weights);
        }

        /** Scratch memory is per thread: with a single thread it has the same size if oneDNN takes one in any case. */
        private boolean usesAllThreads() {
            return scratchBytes() != Dnnl.withThreads(1, this::scratchBytes);
        }

        private long scratchBytes() {
            return query(dnnl_query_scratchpad_md).bytes();
        }

        private MemoryLayout query(int argument) {
            dnnl_primitive_desc desc = description(new ArrayList<>());
            try {
                return MemoryLayout.chosen(desc, argument);
            } finally {
                dnnl_primitive_desc_destroy(desc);
            }
        }
    }

    private Primitive.PrimitiveArgument normedBias(PackedWeights packed, FoldedNorm norm) {
        MemoryLayout row =
                MemoryLayout.strided(ElementType.F32, new long[] {1, weights.last()}, new long[] {weights.last(), 1});
        return new Primitive.PrimitiveArgument(DNNL_ARG_BIAS, row, packed.bias(bias, norm));
    }

    /** Memory for any layout of the weights: which one oneDNN prefers depends on post-ops, which are not known yet. */
    private StridedArray planBuffer() {
        long rows = Alignment.roundUp(weights.dim(0), 64);
        long columns = Math.max(Alignment.roundUp(weights.dim(1), 48), Alignment.roundUp(weights.dim(1), 64));
        return StridedArray.temporary(x.type(), rows * columns);
    }
}
