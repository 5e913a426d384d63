package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;

/** Type of the elements of an array in memory. */
enum ElementType {
    F32(dnnl_f32, Float.BYTES),
    BF16(dnnl_bf16, Short.BYTES);

    private final int code;
    private final int bytes;

    ElementType(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    /** oneDNN's number of the type. */
    int code() {
        return code;
    }

    /** Bytes of one element. */
    int bytes() {
        return bytes;
    }
}
