package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_BA16a48b2a;
import static org.bytedeco.dnnl.global.dnnl.dnnl_aBc16b;
import static org.bytedeco.dnnl.global.dnnl.dnnl_format_tag_any;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_clone;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_strides;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_tag;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_equal;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/**
 * oneDNN's descriptor of an array: type, sizes and layout. The native object is destroyed with its {@link
 * org.bytedeco.javacpp.PointerScope}, or when this object is collected.
 */
final class MemoryLayout extends dnnl_memory_desc {
    private MemoryLayout() {}

    private static final class LayoutDestroyer extends dnnl_memory_desc implements Deallocator {
        LayoutDestroyer(dnnl_memory_desc layout) {
            super(layout);
        }

        @Override
        public void deallocate() {
            if (isNull()) return;
            dnnl_memory_desc_destroy(this);
            setNull();
        }
    }

    private MemoryLayout created(int status) {
        Dnnl.check(status, "memory");
        deallocator(new LayoutDestroyer(this));
        return this;
    }

    /** Layout of an array with these sizes and strides, in elements. */
    static MemoryLayout strided(ElementType type, long[] dims, long[] strides) {
        MemoryLayout layout = new MemoryLayout();
        return layout.created(dnnl_memory_desc_create_with_strides(layout, dims.length, dims, type.code(), strides));
    }

    /**
     * Rows [N, C, 1] that begin at multiples of {@link StridedArray#ROW_ALIGNMENT} elements. To oneDNN, columns are in blocks of
     * which the last is incomplete: kernels accept gaps between rows only as such padding, which they fill with zeros.
     */
    static MemoryLayout alignedRows(ElementType type, long rows, long columns) {
        MemoryLayout layout = new MemoryLayout();
        long[] dims = {rows, columns, 1};
        return layout.created(dnnl_memory_desc_create_with_tag(layout, dims.length, dims, type.code(), dnnl_aBc16b));
    }

    /** Array in any layout: the primitive chooses it, {@link #chosen} returns the choice. */
    static MemoryLayout any(ElementType type, long... dims) {
        MemoryLayout layout = new MemoryLayout();
        return layout.created(
                dnnl_memory_desc_create_with_tag(layout, dims.length, dims, type.code(), dnnl_format_tag_any));
    }

    /** Weights [K, N] of a bfloat16 product in blocks of 48 columns, N a multiple of it, and 16 rows in pairs. */
    static MemoryLayout blocksOf48Columns(long... dims) {
        MemoryLayout layout = new MemoryLayout();
        return layout.created(
                dnnl_memory_desc_create_with_tag(layout, dims.length, dims, ElementType.BF16.code(), dnnl_BA16a48b2a));
    }

    /** The layout that a primitive chose for an argument: a copy, valid after the primitive descriptor is destroyed. */
    static MemoryLayout chosen(dnnl_primitive_desc primitive, int query) {
        MemoryLayout copy = new MemoryLayout();
        return copy.created(dnnl_memory_desc_clone(copy, dnnl_primitive_desc_query_md(primitive, query, 0)));
    }

    /** Bytes of an array in this layout. */
    long bytes() {
        return dnnl_memory_desc_get_size(this);
    }

    boolean isEqualTo(MemoryLayout other) {
        return dnnl_memory_desc_equal(this, other) == 1;
    }
}
