package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_weights_md;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/** Primitives that run one after another, such as parts of a product, and reorders of weights or results. */
abstract class PrimitiveSequence extends PostOp.FusableStep {
    private final List<Primitive> primitives = new ArrayList<>();
    /** Batch norm that is folded into the weights and the bias; null if there is none. */
    FoldedNorm norm;

    PrimitiveSequence(String kind, StridedArray result, StridedArray... touched) {
        this(kind, 1, result, touched);
    }

    /** @param scale factor of the result, before post-ops */
    PrimitiveSequence(String kind, double scale, StridedArray result, StridedArray... touched) {
        super(kind, scale, result, touched);
    }

    /** Appends a primitive that this step runs after those before. */
    void add(Primitive primitive) {
        primitives.add(primitive);
    }

    @Override
    void run() {
        for (Primitive primitive : primitives) primitive.run();
    }

    @Override
    String implementation() {
        return primitives.stream().map(Primitive::implementation).distinct().collect(Collectors.joining("+"));
    }

    @Override
    List<Primitive> primitives() {
        return primitives;
    }

    /**
     * The weights in the layout that a primitive chose: as they are if that is their layout; from the cache of constant
     * weights; or reordered in every run by a primitive of this step.
     *
     * @param packed null if the weights may change
     * @param buffer memory for the reordered weights if {@code packed} is null
     */
    Primitive.PrimitiveArgument weights(
            dnnl_primitive_desc desc, StridedArray weights, PackedWeights packed, StridedArray buffer) {
        MemoryLayout layout = MemoryLayout.chosen(desc, dnnl_query_weights_md);
        if (norm == null && layout.isEqualTo(weights.layout())) return weights.argument(DNNL_ARG_WEIGHTS);
        if (packed != null) {
            return new Primitive.PrimitiveArgument(DNNL_ARG_WEIGHTS, layout, packed.address(weights, layout, norm));
        }
        checkSize(layout, buffer);
        add(reorder(weights, layout, buffer));
        return new Primitive.PrimitiveArgument(DNNL_ARG_WEIGHTS, layout, buffer.address());
    }

    /** Memory for an array in the layout that a primitive chose; destroys its descriptor. */
    static StridedArray buffer(dnnl_primitive_desc primitive, int query) {
        long bytes = MemoryLayout.chosen(primitive, query).bytes();
        dnnl_primitive_desc_destroy(primitive);
        return StridedArray.temporary((bytes + Float.BYTES - 1) / Float.BYTES);
    }

    /** The layout that a primitive chose for weights in {@code buffer}. */
    static MemoryLayout checkedLayout(dnnl_primitive_desc primitive, int query, StridedArray buffer) {
        MemoryLayout layout = MemoryLayout.chosen(primitive, query);
        checkSize(layout, buffer);
        return layout;
    }

    private static void checkSize(MemoryLayout layout, StridedArray buffer) {
        if (layout.bytes() > buffer.size() * buffer.type().bytes()) {
            throw new IllegalStateException("oneDNN chose a layout of weights larger than the planned buffer");
        }
    }

    static Primitive reorder(StridedArray from, MemoryLayout layout, StridedArray buffer) {
        return new Primitive(
                Reorder.createPrimitiveDesc(from.layout(), layout, false),
                List.of(
                        from.argument(DNNL_ARG_FROM),
                        new Primitive.PrimitiveArgument(DNNL_ARG_TO, layout, buffer.address())));
    }
}
