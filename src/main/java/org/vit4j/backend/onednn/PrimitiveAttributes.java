package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_1;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_binary;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_eltwise;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_sum;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_output_scales;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_post_ops;

import org.bytedeco.dnnl.dnnl_memory_desc_t;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;

/** Attributes of a primitive: a factor for its result, then post-ops that are applied in order before it is stored. */
public final class PrimitiveAttributes implements AutoCloseable {
    private final dnnl_primitive_attr attributes = new dnnl_primitive_attr();
    private final dnnl_post_ops operations = new dnnl_post_ops();
    private int count;

    public PrimitiveAttributes(double scale) {
        Dnnl.check(dnnl_primitive_attr_create(attributes), "attributes");
        Dnnl.check(dnnl_post_ops_create(operations), "post-ops");
        if (scale != 1) {
            Dnnl.check(dnnl_primitive_attr_set_output_scales(attributes, 1, 0, new float[] {(float) scale}), "scale");
        }
    }

    /** Appends the addition of the destination's previous value. */
    public void sum() {
        Dnnl.check(dnnl_post_ops_append_sum(operations, 1), "sum");
        count++;
    }

    /** Appends an elementwise function. */
    public void eltwise(int algorithm, float alpha, float beta) {
        Dnnl.check(dnnl_post_ops_append_eltwise(operations, 1, algorithm, alpha, beta), "eltwise");
        count++;
    }

    /** Appends a binary operation with another array; returns the role of that argument. */
    public int binary(int algorithm, dnnl_memory_desc_t other) {
        Dnnl.check(dnnl_post_ops_append_binary(operations, algorithm, other), "binary");
        count++;
        return DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * count | DNNL_ARG_SRC_1;
    }

    /** Completes the attributes for {@link Dnnl#createPrimitiveDesc}. */
    public dnnl_primitive_attr seal() {
        if (count > 0) Dnnl.check(dnnl_primitive_attr_set_post_ops(attributes, operations), "post-ops");
        return attributes;
    }

    @Override
    public void close() {
        dnnl_post_ops_destroy(operations);
        dnnl_primitive_attr_destroy(attributes);
    }
}
