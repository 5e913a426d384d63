package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_reorder_primitive_desc_create;

import org.bytedeco.dnnl.dnnl_memory_desc_t;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/** Copies between memory layouts (oneDNN's reorder primitive). */
public final class Reorder {
    private Reorder() {}

    /** @param add whether to add to the destination instead of overwriting it */
    public static dnnl_primitive_desc createPrimitiveDesc(dnnl_memory_desc_t from, dnnl_memory_desc_t to, boolean add) {
        dnnl_primitive_desc desc = new dnnl_primitive_desc();
        try (PrimitiveAttributes attributes = new PrimitiveAttributes(1)) {
            if (add) attributes.sum();
            Dnnl.check(
                    dnnl_reorder_primitive_desc_create(desc, from, Dnnl.engine(), to, Dnnl.engine(), attributes.seal()),
                    "reorder");
        }
        return desc;
    }
}
