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

    private dnnl_primitive_desc description(dnnl_primitive_attr attributes) {
        return Dnnl.primitiveDesc(
                "matmul " + x + " x " + weights + " -> " + y,
                desc -> dnnl_matmul_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        x.layout(),
                        MemoryLayout.any(x.type(), weights.dims()),
                        bias == null ? null : bias.layout(),
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
                if (bias != null) arguments.add(bias.argument(DNNL_ARG_BIAS));
                try (PrimitiveAttributes attributes = attributes()) {
                    dnnl_primitive_desc desc = description(attributes(attributes, arguments));
                    arguments.add(weights(desc, weights, packed, buffer));
                    second = new Primitive(desc, arguments);
                }
            }
        };
        if (buffer != null) step.addArray(buffer);
        if (bias != null) step.addArray(bias);
        return step;
    }

    private StridedArray planBuffer() {
        try (PrimitiveAttributes attributes = new PrimitiveAttributes(1)) {
            return PrimitivePair.buffer(description(attributes.seal()), dnnl_query_weights_md);
        }
    }
}
