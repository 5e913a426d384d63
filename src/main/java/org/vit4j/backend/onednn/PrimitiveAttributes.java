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

/** What a primitive does to its result while it is still in registers: a factor, then further operations in order. */
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

    /** Adds what the destination held before. */
    public void sum() {
        Dnnl.check(dnnl_post_ops_append_sum(operations, 1), "sum");
        count++;
    }

    public void eltwise(int algorithm, float alpha, float beta) {
        Dnnl.check(dnnl_post_ops_append_eltwise(operations, 1, algorithm, alpha, beta), "eltwise");
        count++;
    }

    /** Adds, multiplies, .. another array; the answer is the role of that argument. */
    public int binary(int algorithm, dnnl_memory_desc_t other) {
        Dnnl.check(dnnl_post_ops_append_binary(operations, algorithm, other), "binary");
        count++;
        return DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * count | DNNL_ARG_SRC_1;
    }

    /** To be handed to {@link Dnnl#describe}. */
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
