package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_primitive_attr;
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
    private StridedArray reordered;
    private MemoryLayout reorderedLayout;

    /**
     * @param packed cache of reordered constant kernels; null if the kernel may change
     * @param type of the result; the kernel is converted to the type of x
     * @param out shape of the result, [B, H', W', filters]
     */
    ConvolutionPrimitive(
            StridedArray x,
            StridedArray kernel,
            StridedArray bias,
            LinearOp.Conv2d conv,
            PackedWeights packed,
            ElementType type,
            long[] out) {
        this.x = x;
        this.kernel = kernel;
        this.bias = bias;
        this.conv = conv;
        this.packed = packed;
        this.y = StridedArray.temporary(type, out);
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

    private MemoryLayout anyKernelLayout(ElementType type) {
        return MemoryLayout.any(type, toOihw(kernel).dims());
    }

    private MemoryLayout biasLayout() {
        return bias == null ? null : channelLayout();
    }

    private MemoryLayout channelLayout() {
        return MemoryLayout.strided(ElementType.F32, new long[] {conv.filters()}, new long[] {1});
    }

    private dnnl_primitive_desc forwardDesc() {
        try (PrimitiveAttributes attributes = new PrimitiveAttributes(1)) {
            return forwardDesc(biasLayout(), attributes.seal());
        }
    }

    private dnnl_primitive_desc forwardDesc(MemoryLayout biasLayout, dnnl_primitive_attr attributes) {
        return Dnnl.primitiveDesc(
                "convolution",
                desc -> dnnl_convolution_forward_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        dnnl_forward_training,
                        dnnl_convolution_direct,
                        toNchw(x).layout(),
                        anyKernelLayout(x.type()),
                        biasLayout,
                        toNchw(y).layout(),
                        strides(),
                        dilations(),
                        padBegin(),
                        padEnd(),
                        attributes));
    }

    /**
     * A step that reorders the kernel for all later runs of {@link #forward}, which then reads the result. For kernels that a
     * setup step computes.
     */
    KernelStep reorderKernel() {
        StridedArray buffer = PrimitiveSequence.buffer(forwardDesc(), dnnl_query_weights_md);
        reordered = buffer;
        return KernelStep.of(
                "reorder_kernel",
                () -> {
                    dnnl_primitive_desc desc = forwardDesc();
                    reorderedLayout = PrimitiveSequence.checkedLayout(desc, dnnl_query_weights_md, buffer);
                    dnnl_primitive_desc_destroy(desc);
                    return PrimitiveSequence.reorder(toOihw(kernel), reorderedLayout, buffer);
                },
                kernel,
                buffer);
    }

    PostOp.FusableStep forward(StridedArray to) {
        if (reordered != null) return forward(to, reordered);
        StridedArray buffer = packed == null ? PrimitiveSequence.buffer(forwardDesc(), dnnl_query_weights_md) : null;
        return forward(to, buffer);
    }

    /** @param buffer memory for the reordered kernel; null if that is in {@link PackedWeights} */
    private PostOp.FusableStep forward(StridedArray to, StridedArray buffer) {
        PrimitiveSequence step = new PrimitiveSequence(kind(), to, x, kernel) {
            @Override
            void bind() {
                List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(
                        List.of(toNchw(x).argument(DNNL_ARG_SRC), toNchw(to).argument(DNNL_ARG_DST)));
                try (PrimitiveAttributes attributes = attributes()) {
                    MemoryLayout added = norm == null ? biasLayout() : channelLayout();
                    dnnl_primitive_desc desc =
                            forwardDesc(added, attributes(attributes, arguments, ConvolutionPrimitive::toNchw));
                    arguments.add(
                            reordered == null ? weights(desc, toOihw(kernel), packed, buffer) : reorderedKernel(desc));
                    if (added != null) {
                        long address = norm == null ? bias.address() : packed.bias(bias, norm);
                        arguments.add(new Primitive.PrimitiveArgument(DNNL_ARG_BIAS, added, address));
                    }
                    add(new Primitive(desc, arguments));
                }
            }

            @Override
            boolean canFuseSameSize() {
                return false;
            }

            @Override
            boolean fold(FoldedNorm folded) {
                if (packed == null || hasPostOps() || !kernel.isDense()) return false;
                norm = folded;
                return true;
            }
        };
        if (buffer != null) step.addArray(buffer);
        if (bias != null) step.addArray(bias);
        return step;
    }

    /** The kernel as {@link #reorderKernel} left it. */
    private Primitive.PrimitiveArgument reorderedKernel(dnnl_primitive_desc desc) {
        if (!MemoryLayout.chosen(desc, dnnl_query_weights_md).isEqualTo(reorderedLayout))
            throw new IllegalStateException("oneDNN chose another layout of weights with post-ops than without");
        return new Primitive.PrimitiveArgument(DNNL_ARG_WEIGHTS, reorderedLayout, reordered.address());
    }

    private String kind() {
        return conv.groups() == 1 ? "conv2d" : "conv2d_grouped";
    }

    private dnnl_primitive_desc backwardDataDesc(StridedArray dy, StridedArray dx) {
        try (PrimitiveAttributes attributes = new PrimitiveAttributes(1)) {
            return backwardDataDesc(dy, dx, attributes.seal());
        }
    }

    private dnnl_primitive_desc backwardDataDesc(StridedArray dy, StridedArray dx, dnnl_primitive_attr attributes) {
        dnnl_primitive_desc forward = forwardDesc(biasLayout(), attributes);
        return Dnnl.backwardDesc(
                forward,
                "convolution backward",
                desc -> dnnl_convolution_backward_data_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        dnnl_convolution_direct,
                        toNchw(dx).layout(),
                        anyKernelLayout(x.type()),
                        toNchw(dy).layout(),
                        strides(),
                        dilations(),
                        padBegin(),
                        padEnd(),
                        forward,
                        attributes));
    }

    KernelStep backwardData(StridedArray dy, StridedArray dx) {
        StridedArray buffer = PrimitiveSequence.buffer(backwardDataDesc(dy, dx), dnnl_query_weights_md);
        return new PrimitiveSequence(kind() + "_bp_data", dx, dy, kernel, buffer) {
            @Override
            void bind() {
                dnnl_primitive_desc desc = backwardDataDesc(dy, dx);
                MemoryLayout layout = PrimitiveSequence.checkedLayout(desc, dnnl_query_weights_md, buffer);
                add(PrimitiveSequence.reorder(toOihw(kernel), layout, buffer));
                add(new Primitive(
                        desc,
                        List.of(
                                toNchw(dy).argument(DNNL_ARG_DIFF_DST),
                                toNchw(dx).argument(DNNL_ARG_DIFF_SRC),
                                new Primitive.PrimitiveArgument(DNNL_ARG_WEIGHTS, layout, buffer.address()))));
            }
        };
    }

    private dnnl_primitive_desc backwardWeightsDesc(StridedArray dy) {
        try (PrimitiveAttributes attributes = new PrimitiveAttributes(1)) {
            return backwardWeightsDesc(dy, attributes.seal());
        }
    }

    private dnnl_primitive_desc backwardWeightsDesc(StridedArray dy, dnnl_primitive_attr attributes) {
        dnnl_primitive_desc forward = forwardDesc(biasLayout(), attributes);
        return Dnnl.backwardDesc(
                forward,
                "convolution backward",
                desc -> dnnl_convolution_backward_weights_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        dnnl_convolution_direct,
                        toNchw(x).layout(),
                        anyKernelLayout(ElementType.F32),
                        biasLayout(),
                        toNchw(dy).layout(),
                        strides(),
                        dilations(),
                        padBegin(),
                        padEnd(),
                        forward,
                        attributes));
    }

    /** @param db gradient of the bias, [filters]; null without a bias */
    KernelStep backwardWeights(StridedArray dy, StridedArray dw, StridedArray db) {
        StridedArray buffer = PrimitiveSequence.buffer(backwardWeightsDesc(dy), dnnl_query_diff_weights_md);
        PrimitiveSequence step = new PrimitiveSequence(kind() + "_bp_weights", dw, x, dy, buffer) {
            @Override
            void bind() {
                dnnl_primitive_desc desc = backwardWeightsDesc(dy);
                MemoryLayout layout = PrimitiveSequence.checkedLayout(desc, dnnl_query_diff_weights_md, buffer);
                List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(List.of(
                        toNchw(x).argument(DNNL_ARG_SRC),
                        toNchw(dy).argument(DNNL_ARG_DIFF_DST),
                        new Primitive.PrimitiveArgument(DNNL_ARG_DIFF_WEIGHTS, layout, buffer.address())));
                if (db != null)
                    arguments.add(new Primitive.PrimitiveArgument(DNNL_ARG_DIFF_BIAS, biasLayout(), db.address()));
                add(new Primitive(desc, arguments));
                StridedArray to = toOihw(dw);
                add(new Primitive(
                        Reorder.createPrimitiveDesc(layout, to.layout(), false),
                        List.of(
                                new Primitive.PrimitiveArgument(DNNL_ARG_FROM, layout, buffer.address()),
                                to.argument(DNNL_ARG_TO))));
            }
        };
        if (db != null) step.addArray(db);
        return step;
    }
}
