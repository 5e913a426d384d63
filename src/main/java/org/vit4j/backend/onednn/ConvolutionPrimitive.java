package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_convolution_desc_t;
import org.bytedeco.dnnl.dnnl_memory_desc_t;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Window;

/**
 * Convolution of images [B, H, W, C] by a kernel [kH, kW, C / groups, filters]. oneDNN requires the kernel in its own
 * blocked layout: every run reorders it, unless the kernel is constant and was reordered before ({@link
 * PackedWeights}).
 */
final class ConvolutionPrimitive {
    private final StridedArray x;
    private final StridedArray kernel;
    private final StridedArray bias;
    private final LinearOp.Conv2d conv;
    private final PackedWeights packed;
    private final StridedArray y;

    /**
     * @param packed cache of reordered constant kernels; null if the kernel may change
     * @param out shape of the result, [B, H', W', filters]
     */
    ConvolutionPrimitive(
            StridedArray x,
            StridedArray kernel,
            StridedArray bias,
            LinearOp.Conv2d conv,
            PackedWeights packed,
            long[] out) {
        this.x = x;
        this.kernel = kernel;
        this.bias = bias;
        this.conv = conv;
        this.packed = packed;
        this.y = StridedArray.temporary(out);
    }

    private static StridedArray toNchw(StridedArray x) {
        return x.permute(0, 3, 1, 2);
    }

    /** View of a kernel [kH, kW, in, out] as [out, in, kH, kW], or [G, out / G, in, kH, kW] with groups. */
    private StridedArray toOihw(StridedArray weights) {
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

    private long[] padBegin() {
        return new long[] {conv.window().padHeight(), conv.window().padWidth()};
    }

    /** Padding at the bottom and right up to the end of the last window; negative if windows do not cover the image. */
    private long[] padEnd() {
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

    private dnnl_memory_desc_t anyKernelLayout() {
        return Dnnl.memory(toOihw(kernel).dims());
    }

    private dnnl_memory_desc_t biasLayout() {
        return bias == null ? null : Dnnl.memory(new long[] {conv.filters()}, new long[] {1});
    }

    private dnnl_convolution_desc_t forwardDesc() {
        dnnl_convolution_desc_t d = new dnnl_convolution_desc_t();
        Dnnl.check(
                dnnl_dilated_convolution_forward_desc_init(
                        d,
                        dnnl_forward_training,
                        dnnl_convolution_direct,
                        toNchw(x).layout(),
                        anyKernelLayout(),
                        biasLayout(),
                        toNchw(y).layout(),
                        strides(),
                        dilations(),
                        padBegin(),
                        padEnd()),
                "convolution");
        return d;
    }

    /** Memory for the kernel in the layout that a primitive chose. */
    private static StridedArray kernelBuffer(dnnl_primitive_desc primitive, int query) {
        long bytes = dnnl_memory_desc_get_size(Dnnl.layout(primitive, query));
        return StridedArray.temporary((bytes + Float.BYTES - 1) / Float.BYTES);
    }

    private static dnnl_memory_desc_t checkedLayout(dnnl_primitive_desc primitive, int query, StridedArray buffer) {
        dnnl_memory_desc_t layout = Dnnl.layout(primitive, query);
        if (dnnl_memory_desc_get_size(layout) > buffer.size() * Float.BYTES) {
            throw new IllegalStateException("oneDNN chose a kernel layout larger than the planned buffer");
        }
        return layout;
    }

    /** Two primitives, one of which reorders the kernel; {@code first} is null if it was reordered before. */
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

    private static Primitive reorder(StridedArray from, dnnl_memory_desc_t layout, StridedArray buffer) {
        return new Primitive(
                Reorder.createPrimitiveDesc(from.layout(), layout, false),
                List.of(
                        from.argument(DNNL_ARG_FROM),
                        new Primitive.PrimitiveArgument(DNNL_ARG_TO, layout, buffer.address())));
    }

    PostOp.FusableStep forward(StridedArray to) {
        StridedArray buffer = packed == null ? forwardKernelBuffer() : null;
        PrimitivePair step = new PrimitivePair(kind(), to, x, kernel) {
            @Override
            void bind() {
                List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(
                        List.of(toNchw(x).argument(DNNL_ARG_SRC), toNchw(to).argument(DNNL_ARG_DST)));
                try (PrimitiveAttributes attributes = attributes()) {
                    dnnl_primitive_desc desc =
                            Dnnl.createPrimitiveDesc(forwardDesc(), attributes(attributes, arguments), null);
                    arguments.add(kernelFor(desc));
                    if (bias != null)
                        arguments.add(new Primitive.PrimitiveArgument(DNNL_ARG_BIAS, biasLayout(), bias.address()));
                    second = new Primitive(desc, arguments);
                }
            }

            private Primitive.PrimitiveArgument kernelFor(dnnl_primitive_desc desc) {
                if (buffer == null) {
                    dnnl_memory_desc_t layout = Dnnl.layout(desc, dnnl_query_weights_md);
                    return new Primitive.PrimitiveArgument(
                            DNNL_ARG_WEIGHTS, layout, packed.address(toOihw(kernel), layout));
                }
                dnnl_memory_desc_t layout = checkedLayout(desc, dnnl_query_weights_md, buffer);
                first = reorder(toOihw(kernel), layout, buffer);
                return new Primitive.PrimitiveArgument(DNNL_ARG_WEIGHTS, layout, buffer.address());
            }

            /**
             * False for dilated kernels: they run as matrix products, whose post-ops gave wrong results in oneDNN 2.5.
             */
            @Override
            boolean canFuseBinary() {
                return conv.window().dilation() == 1;
            }

            @Override
            boolean canFuseSameSize() {
                return false;
            }

            /** Channels are the second axis of a convolution. */
            @Override
            StridedArray operand(StridedArray other) {
                return toNchw(other);
            }
        };
        if (buffer != null) step.addArray(buffer);
        if (bias != null) step.addArray(bias);
        return step;
    }

    private StridedArray forwardKernelBuffer() {
        dnnl_primitive_desc plain = Dnnl.createPrimitiveDesc(forwardDesc(), null, null);
        StridedArray buffer = kernelBuffer(plain, dnnl_query_weights_md);
        dnnl_primitive_desc_destroy(plain);
        return buffer;
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
                        toNchw(dx).layout(),
                        anyKernelLayout(),
                        toNchw(dy).layout(),
                        strides(),
                        dilations(),
                        padBegin(),
                        padEnd()),
                "convolution backward");
        return Dnnl.createPrimitiveDesc(d, null, forward);
    }

    KernelStep backwardData(StridedArray dy, StridedArray dx) {
        dnnl_primitive_desc forward = Dnnl.createPrimitiveDesc(forwardDesc(), null, null);
        dnnl_primitive_desc plain = backwardData(forward, dy, dx);
        StridedArray buffer = kernelBuffer(plain, dnnl_query_weights_md);
        dnnl_primitive_desc_destroy(plain);
        dnnl_primitive_desc_destroy(forward);
        return new PrimitivePair(kind() + "_bp_data", dx, dy, kernel, buffer) {
            @Override
            void bind() {
                dnnl_primitive_desc forward = Dnnl.createPrimitiveDesc(forwardDesc(), null, null);
                dnnl_primitive_desc desc = backwardData(forward, dy, dx);
                dnnl_primitive_desc_destroy(forward);
                dnnl_memory_desc_t layout = checkedLayout(desc, dnnl_query_weights_md, buffer);
                first = reorder(toOihw(kernel), layout, buffer);
                second = new Primitive(
                        desc,
                        List.of(
                                toNchw(dy).argument(DNNL_ARG_DIFF_DST),
                                toNchw(dx).argument(DNNL_ARG_DIFF_SRC),
                                new Primitive.PrimitiveArgument(DNNL_ARG_WEIGHTS, layout, buffer.address())));
            }
        };
    }

    private dnnl_primitive_desc backwardWeights(dnnl_primitive_desc forward, StridedArray dy) {
        dnnl_convolution_desc_t d = new dnnl_convolution_desc_t();
        Dnnl.check(
                dnnl_dilated_convolution_backward_weights_desc_init(
                        d,
                        dnnl_convolution_direct,
                        toNchw(x).layout(),
                        anyKernelLayout(),
                        biasLayout(),
                        toNchw(dy).layout(),
                        strides(),
                        dilations(),
                        padBegin(),
                        padEnd()),
                "convolution backward");
        return Dnnl.createPrimitiveDesc(d, null, forward);
    }

    /** @param db gradient of the bias, [filters]; null without a bias */
    KernelStep backwardWeights(StridedArray dy, StridedArray dw, StridedArray db) {
        dnnl_primitive_desc forward = Dnnl.createPrimitiveDesc(forwardDesc(), null, null);
        dnnl_primitive_desc plain = backwardWeights(forward, dy);
        StridedArray buffer = kernelBuffer(plain, dnnl_query_diff_weights_md);
        dnnl_primitive_desc_destroy(plain);
        dnnl_primitive_desc_destroy(forward);
        PrimitivePair step = new PrimitivePair(kind() + "_bp_weights", dw, x, dy, buffer) {
            @Override
            void bind() {
                dnnl_primitive_desc forward = Dnnl.createPrimitiveDesc(forwardDesc(), null, null);
                dnnl_primitive_desc desc = backwardWeights(forward, dy);
                dnnl_primitive_desc_destroy(forward);
                dnnl_memory_desc_t layout = checkedLayout(desc, dnnl_query_diff_weights_md, buffer);
                StridedArray to = toOihw(dw);
                second = new Primitive(
                        Reorder.createPrimitiveDesc(layout, to.layout(), false),
                        List.of(
                                new Primitive.PrimitiveArgument(DNNL_ARG_FROM, layout, buffer.address()),
                                to.argument(DNNL_ARG_TO)));
                List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(List.of(
                        toNchw(x).argument(DNNL_ARG_SRC),
                        toNchw(dy).argument(DNNL_ARG_DIFF_DST),
                        new Primitive.PrimitiveArgument(DNNL_ARG_DIFF_WEIGHTS, layout, buffer.address())));
                if (db != null)
                    arguments.add(new Primitive.PrimitiveArgument(DNNL_ARG_DIFF_BIAS, biasLayout(), db.address()));
                first = new Primitive(desc, arguments);
            }
        };
        if (db != null) step.addArray(db);
        return step;
    }
}
