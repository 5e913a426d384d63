package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_weights_md;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/**
 * Product of rows and weights, y = x w + bias, [M, K] x [K, N], with the weights in the type of x and the layout that oneDNN
 * prefers: constant weights are reordered once ({@link PackedWeights}), others in every run.
 */
record DenseProduct(StridedArray x, StridedArray weights, StridedArray bias, StridedArray y) {
    /** Arrays with normalized strides; bias [1, N] or null. */
    DenseProduct(StridedArray x, StridedArray weights, StridedArray bias, StridedArray y) {
        this.x = x.forMatmul();
        this.weights = weights.forMatmul();
        this.bias = bias;
        this.y = y.forMatmul();
    }

    private dnnl_primitive_desc description(MemoryLayout biasLayout, dnnl_primitive_attr attributes) {
        return Dnnl.primitiveDesc(
                "matmul " + x + " x " + weights + " -> " + y,
                desc -> dnnl_matmul_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        x.layout(),
                        MemoryLayout.any(x.type(), weights.dims()),
                        biasLayout,
                        y.layout(),
                        attributes));
    }

    /** @param packed cache of constant weights; null if they may change */
    PostOp.FusableStep step(PackedWeights packed) {
        StridedArray buffer = packed == null ? planBuffer() : null;
        PrimitivePair step = new PrimitivePair("dense", y, x, weights) {
            @Override
            void bind() {
                List<Primitive.PrimitiveArgument> arguments =
                        new ArrayList<>(List.of(x.argument(DNNL_ARG_SRC), y.argument(DNNL_ARG_DST)));
                Primitive.PrimitiveArgument added = norm == null ? null : normedBias(packed, norm);
                if (norm == null && bias != null) added = bias.argument(DNNL_ARG_BIAS);
                if (added != null) arguments.add(added);
                try (PrimitiveAttributes attributes = attributes()) {
                    MemoryLayout biasLayout = added == null ? null : added.layout();
                    dnnl_primitive_desc desc = description(biasLayout, attributes(attributes, arguments));
                    arguments.add(weights(desc, weights, packed, buffer));
                    second = new Primitive(desc, arguments);
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

    private Primitive.PrimitiveArgument normedBias(PackedWeights packed, FoldedNorm norm) {
        MemoryLayout row =
                MemoryLayout.strided(ElementType.F32, new long[] {1, weights.last()}, new long[] {weights.last(), 1});
        return new Primitive.PrimitiveArgument(DNNL_ARG_BIAS, row, packed.bias(bias, norm));
    }

    private StridedArray planBuffer() {
        try (PrimitiveAttributes attributes = new PrimitiveAttributes(1)) {
            return PrimitivePair.buffer(
                    description(bias == null ? null : bias.layout(), attributes.seal()), dnnl_query_weights_md);
        }
    }
}
