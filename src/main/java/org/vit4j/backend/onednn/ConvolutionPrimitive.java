package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_convolution_desc_t;
import org.bytedeco.dnnl.dnnl_memory_desc_t;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.vit4j.graph.Op;
import org.vit4j.graph.Window;

/**
 * Convolution of images [B, H, W, C] by a kernel [kH, kW, C / groups, filters]. oneDNN wants the kernel in a layout of
 * its own: each run brings it there, unless it stays as it is and lies there once and for all.
 */
final class ConvolutionPrimitive {
    private final StridedArray x;
    private final StridedArray kernel;
    private final StridedArray bias;
    private final Op.Conv2d conv;
    private final PackedWeights packed;
    private final StridedArray y;

    /**
     * @param packed where the kernel lies once and for all; null when it may change
     * @param out [B, H', W', filters]
     */
    ConvolutionPrimitive(
            StridedArray x, StridedArray kernel, StridedArray bias, Op.Conv2d conv, PackedWeights packed, long[] out) {
        this.x = x;
        this.kernel = kernel;
        this.bias = bias;
        this.conv = conv;
        this.packed = packed;
        this.y = StridedArray.fresh(out);
    }

    private static StridedArray image(StridedArray x) {
        return x.permute(0, 3, 1, 2);
    }

    /** [kH, kW, in, out] as [out, in, kH, kW], or [G, out / G, in, kH, kW]. */
    private StridedArray filters(StridedArray weights) {
        Window w = conv.window();
        if (conv.groups() == 1) return weights.permute(3, 2, 0, 1);
        long in = weights.dim(2);
        return weights.reshape(w.kernelHeight(), w.kernelWidth(), in, conv.groups(), conv.filters() / conv.groups())
                .orElseThrow()
                .permute(3, 4, 2, 0, 1);
    }

    private long[] strides() {
        return new long[] {conv.window().strideHeight(), conv.window().strideWidth()};
    }

    private long[] dilations() {
        long between = conv.window().dilation() - 1L;
        return new long[] {between, between};
    }

    private long[] before() {
        return new long[] {conv.window().padHeight(), conv.window().padWidth()};
    }

    /** What the last window leaves out is no padding. */
    private long[] after() {
        Window w = conv.window();
        return new long[] {
            (y.dim(1) - 1) * w.strideHeight()
                    + (long) w.dilation() * (w.kernelHeight() - 1)
                    + 1
                    - x.dim(1)
                    - w.padHeight(),
            (y.dim(2) - 1) * w.strideWidth() + (long) w.dilation() * (w.kernelWidth() - 1) + 1 - x.dim(2) - w.padWidth()
        };
    }

    private dnnl_memory_desc_t anyFilters() {
        return Dnnl.memory(filters(kernel).dims());
    }

    private dnnl_memory_desc_t biasLayout() {
        return bias == null ? null : Dnnl.memory(new long[] {conv.filters()}, new long[] {1});
    }

    private dnnl_convolution_desc_t forwardOperation() {
        dnnl_convolution_desc_t d = new dnnl_convolution_desc_t();
        Dnnl.check(
                dnnl_dilated_convolution_forward_desc_init(
                        d,
                        dnnl_forward_training,
                        dnnl_convolution_direct,
                        image(x).layout(),
                        anyFilters(),
                        biasLayout(),
                        image(y).layout(),
                        strides(),
                        dilations(),
                        before(),
                        after()),
                "convolution");
        return d;
    }

    /** Room for the kernel in the layout that a primitive picked. */
    private static StridedArray room(dnnl_primitive_desc primitive, int query) {
        long bytes = dnnl_memory_desc_get_size(Dnnl.layout(primitive, query));
        return StridedArray.fresh((bytes + Float.BYTES - 1) / Float.BYTES);
    }

    private static dnnl_memory_desc_t checked(dnnl_primitive_desc primitive, int query, StridedArray room) {
        dnnl_memory_desc_t layout = Dnnl.layout(primitive, query);
        if (dnnl_memory_desc_get_size(layout) > room.size() * Float.BYTES) {
            throw new IllegalStateException("the convolution's kernel has outgrown its place");
        }
        return layout;
    }

    /** Two primitives, one of which moves the kernel; the first is left out where that was done before. */
    private abstract static class PrimitivePair extends PostOp.FusableStep {
        Primitive first;
        Primitive second;

        PrimitivePair(String kind, StridedArray result, StridedArray... touched) {
            super(kind, 1, result, touched);
        }

        @Override
        void run() {
            if (first != null) first.run();
            second.run();
        }

        @Override
        String implementation() {
            return (first == null ? "" : first.implementation() + "+") + second.implementation();
        }

        @Override
        public void close() {
            if (first != null) first.close();
            if (second != null) second.close();
        }
    }

    private static Primitive reorder(StridedArray from, dnnl_memory_desc_t layout, StridedArray room) {
        return new Primitive(
                Reorder.describe(from.layout(), layout, false),
                List.of(from.as(DNNL_ARG_FROM), new Primitive.PrimitiveArgument(DNNL_ARG_TO, layout, room.address())));
    }

    PostOp.FusableStep forward(StridedArray to) {
        StridedArray room = packed == null ? roomForward() : null;
        PrimitivePair step = new PrimitivePair(kind(), to, x, kernel) {
            @Override
            void bind() {
                List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(
                        List.of(image(x).as(DNNL_ARG_SRC), image(to).as(DNNL_ARG_DST)));
                try (PrimitiveAttributes attributes = attributes()) {
                    dnnl_primitive_desc made =
                            Dnnl.describe(forwardOperation(), attributes(attributes, arguments), null);
                    arguments.add(kernelFor(made));
                    if (bias != null)
                        arguments.add(new Primitive.PrimitiveArgument(DNNL_ARG_BIAS, biasLayout(), bias.address()));
                    second = new Primitive(made, arguments);
                }
            }

            private Primitive.PrimitiveArgument kernelFor(dnnl_primitive_desc made) {
                if (room == null) {
                    dnnl_memory_desc_t layout = Dnnl.layout(made, dnnl_query_weights_md);
                    return new Primitive.PrimitiveArgument(
                            DNNL_ARG_WEIGHTS, layout, packed.address(filters(kernel), layout));
                }
                dnnl_memory_desc_t layout = checked(made, dnnl_query_weights_md, room);
                first = reorder(filters(kernel), layout, room);
                return new Primitive.PrimitiveArgument(DNNL_ARG_WEIGHTS, layout, room.address());
            }

            /** Dilated kernels run as matrix products, whose post-ops were measured wrong in oneDNN 2.5. */
            @Override
            boolean takesArrays() {
                return conv.window().dilation() == 1;
            }

            @Override
            boolean takesWhole() {
                return false;
            }

            /** A convolution counts its channels second. */
            @Override
            StridedArray operand(StridedArray other) {
                return image(other);
            }
        };
        if (room != null) step.touches(room);
        if (bias != null) step.touches(bias);
        return step;
    }

    private StridedArray roomForward() {
        dnnl_primitive_desc plain = Dnnl.describe(forwardOperation(), null, null);
        StridedArray room = room(plain, dnnl_query_weights_md);
        dnnl_primitive_desc_destroy(plain);
        return room;
    }

    private String kind() {
        return conv.groups() == 1 ? "conv2d" : "conv2d_grouped";
    }

    private dnnl_primitive_desc backwardData(dnnl_primitive_desc forward, StridedArray dy, StridedArray dx) {
        dnnl_convolution_desc_t d = new dnnl_convolution_desc_t();
        Dnnl.check(
                dnnl_dilated_convolution_backward_data_desc_init(
                        d,
                        dnnl_convolution_direct,
                        image(dx).layout(),
                        anyFilters(),
                        image(dy).layout(),
                        strides(),
                        dilations(),
                        before(),
                        after()),
                "convolution backward");
        return Dnnl.describe(d, null, forward);
    }

    KernelStep backwardData(StridedArray dy, StridedArray dx) {
        dnnl_primitive_desc forward = Dnnl.describe(forwardOperation(), null, null);
        dnnl_primitive_desc plain = backwardData(forward, dy, dx);
        StridedArray room = room(plain, dnnl_query_weights_md);
        dnnl_primitive_desc_destroy(plain);
        dnnl_primitive_desc_destroy(forward);
        return new PrimitivePair(kind() + "_bp_data", dx, dy, kernel, room) {
            @Override
            void bind() {
                dnnl_primitive_desc forward = Dnnl.describe(forwardOperation(), null, null);
                dnnl_primitive_desc made = backwardData(forward, dy, dx);
                dnnl_primitive_desc_destroy(forward);
                dnnl_memory_desc_t layout = checked(made, dnnl_query_weights_md, room);
                first = reorder(filters(kernel), layout, room);
                second = new Primitive(
                        made,
                        List.of(
                                image(dy).as(DNNL_ARG_DIFF_DST),
                                image(dx).as(DNNL_ARG_DIFF_SRC),
                                new Primitive.PrimitiveArgument(DNNL_ARG_WEIGHTS, layout, room.address())));
            }
        };
    }

    private dnnl_primitive_desc backwardWeights(dnnl_primitive_desc forward, StridedArray dy) {
        dnnl_convolution_desc_t d = new dnnl_convolution_desc_t();
        Dnnl.check(
                dnnl_dilated_convolution_backward_weights_desc_init(
                        d,
                        dnnl_convolution_direct,
                        image(x).layout(),
                        anyFilters(),
                        biasLayout(),
                        image(dy).layout(),
                        strides(),
                        dilations(),
                        before(),
                        after()),
                "convolution backward");
        return Dnnl.describe(d, null, forward);
    }

    /** @param db [filters]; null without a bias */
    KernelStep backwardWeights(StridedArray dy, StridedArray dw, StridedArray db) {
        dnnl_primitive_desc forward = Dnnl.describe(forwardOperation(), null, null);
        dnnl_primitive_desc plain = backwardWeights(forward, dy);
        StridedArray room = room(plain, dnnl_query_diff_weights_md);
        dnnl_primitive_desc_destroy(plain);
        dnnl_primitive_desc_destroy(forward);
        PrimitivePair step = new PrimitivePair(kind() + "_bp_weights", dw, x, dy, room) {
            @Override
            void bind() {
                dnnl_primitive_desc forward = Dnnl.describe(forwardOperation(), null, null);
                dnnl_primitive_desc made = backwardWeights(forward, dy);
                dnnl_primitive_desc_destroy(forward);
                dnnl_memory_desc_t layout = checked(made, dnnl_query_diff_weights_md, room);
                StridedArray to = filters(dw);
                second = new Primitive(
                        Reorder.describe(layout, to.layout(), false),
                        List.of(
                                new Primitive.PrimitiveArgument(DNNL_ARG_FROM, layout, room.address()),
                                to.as(DNNL_ARG_TO)));
                List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(List.of(
                        image(x).as(DNNL_ARG_SRC),
                        image(dy).as(DNNL_ARG_DIFF_DST),
                        new Primitive.PrimitiveArgument(DNNL_ARG_DIFF_WEIGHTS, layout, room.address())));
                if (db != null)
                    arguments.add(new Primitive.PrimitiveArgument(DNNL_ARG_DIFF_BIAS, biasLayout(), db.address()));
                first = new Primitive(made, arguments);
            }
        };
        if (db != null) step.touches(db);
        return step;
    }
}
