package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_next_impl;
import static org.bytedeco.dnnl.global.dnnl.dnnl_success;

import org.bytedeco.dnnl.dnnl_primitive_desc;

/**
 * Products whose factors and result are all larger than the L2 cache. The kernels that oneDNN prefers read the factors where they
 * are; its GEMM copies blocks of both that fit the cache, and is faster then. Measured on AMX processors only.
 */
final class LargeProduct {
    /** Minimum elements of each factor and of the result, 4 MB. */
    private static final long MIN_SIZE = 1 << 20;

    private static final String GEMM = "gemm:";

    private LargeProduct() {}

    /** Returns true if GEMM is the faster implementation of the product a b. */
    static boolean isFor(StridedArray a, StridedArray b) {
        if (a.rank() != 2 || a.type() != ElementType.F32 || !Dnnl.hasAmx()) return false;
        return Math.min(Math.min(a.size(), b.size()), a.dim(0) * b.dim(1)) >= MIN_SIZE;
    }

    /**
     * Selects the implementation of the product a b: GEMM if it is faster and supports the layouts and post-ops, else the preferred
     * one. The caller owns the result.
     */
    static dnnl_primitive_desc primitiveDesc(StridedArray a, StridedArray b, String what, Dnnl.DescriptorCall call) {
        dnnl_primitive_desc desc = Dnnl.primitiveDesc(what, call);
        if (!isFor(a, b)) return desc;
        while (!Primitive.implementation(desc).startsWith(GEMM)) {
            if (dnnl_primitive_desc_next_impl(desc) != dnnl_success) {
                dnnl_primitive_desc_destroy(desc);
                return Dnnl.primitiveDesc(what, call);
            }
        }
        return desc;
    }
}
