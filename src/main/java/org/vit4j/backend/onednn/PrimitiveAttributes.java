package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_1;
import static org.bytedeco.dnnl.global.dnnl.dnnl_data_type_undef;
import static org.bytedeco.dnnl.global.dnnl.dnnl_eltwise_linear;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_binary;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_eltwise;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_sum;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_clone;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_post_ops;

import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;

/** Attributes of a primitive: a factor for its result, then post-ops that are applied in order before it is stored. */
final class PrimitiveAttributes implements AutoCloseable {
    private final dnnl_primitive_attr attributes = new dnnl_primitive_attr();
    private final dnnl_post_ops operations = new dnnl_post_ops();
    private int count;

    PrimitiveAttributes(double scale) {
        Dnnl.check(dnnl_primitive_attr_clone(attributes, Dnnl.plainAttributes()), "attributes");
        Dnnl.check(dnnl_post_ops_create(operations), "post-ops");
        if (scale != 1) eltwise(dnnl_eltwise_linear, (float) scale, 0);
    }

    /** Appends the addition of the destination's previous value. */
    void sum() {
        Dnnl.check(dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef), "sum");
        count++;
    }

    /** Appends an elementwise function. */
    void eltwise(int algorithm, float alpha, float beta) {
        Dnnl.check(dnnl_post_ops_append_eltwise(operations, algorithm, alpha, beta), "eltwise");
        count++;
    }

    /** Appends a binary operation with another array; returns the role of that argument. */
    int binary(int algorithm, MemoryLayout other) {
        Dnnl.check(dnnl_post_ops_append_binary(operations, algorithm, other), "binary");
        count++;
        return DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * count | DNNL_ARG_SRC_1;
    }

    /** Completes the attributes for a primitive descriptor. */
    dnnl_primitive_attr seal() {
        if (count > 0) Dnnl.check(dnnl_primitive_attr_set_post_ops(attributes, operations), "post-ops");
        return attributes;
    }

    @Override
    public void close() {
        dnnl_post_ops_destroy(operations);
        dnnl_primitive_attr_destroy(attributes);
    }
}
