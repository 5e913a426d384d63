package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_reorder_primitive_desc_create;

import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/** Copies between memory layouts and types (oneDNN's reorder primitive). */
final class Reorder {
    private Reorder() {}

    /** @param add whether to add to the destination instead of overwriting it */
    static dnnl_primitive_desc createPrimitiveDesc(MemoryLayout from, MemoryLayout to, boolean add) {
        try (PrimitiveAttributes attributes = new PrimitiveAttributes(1)) {
            if (add) attributes.sum();
            dnnl_primitive_attr sealed = attributes.seal();
            return Dnnl.primitiveDesc(
                    "reorder",
                    desc -> dnnl_reorder_primitive_desc_create(desc, from, Dnnl.engine(), to, Dnnl.engine(), sealed));
        }
    }
}
