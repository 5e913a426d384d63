package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.vit4j.graph.Window;

/** Max or average pooling of images [B, H, W, C]. */
final class PoolingPrimitive {
    private final int algorithm;
    private final Window w;
    private final StridedArray x;
    private final StridedArray y;
    private final boolean training;
    private final StridedArray workspace;

    /** @param training whether max pooling has to store the index of the maximum for the backward pass */
    PoolingPrimitive(int algorithm, Window w, StridedArray x, StridedArray y, boolean training) {
        this.algorithm = algorithm;
        this.w = w;
        this.x = x;
        this.y = y;
        this.training = training;
        this.workspace = training && algorithm == dnnl_pooling_max ? workspace() : null;
    }

    StridedArray y() {
        return y;
    }

    private StridedArray workspace() {
        return PrimitiveSequence.buffer(forwardDesc(), dnnl_query_workspace_md);
    }

    /** View of [B, H, W, C] in oneDNN's axis order, [B, C, H, W]. */
    private static StridedArray toNchw(StridedArray x) {
        return x.permute(0, 3, 1, 2);
    }

    private long[] strides() {
        return new long[] {w.strideHeight(), w.strideWidth()};
    }

    private long[] kernel() {
        return new long[] {w.kernelHeight(), w.kernelWidth()};
    }

    private long[] padBegin() {
        return new long[] {w.padHeight(), w.padWidth()};
    }

    /** Padding at the bottom and right up to the end of the last window. */
    private long[] padEnd() {
        return new long[] {
            (y.dim(1) - 1) * w.strideHeight() + w.kernelHeight() - x.dim(1) - w.padHeight(),
            (y.dim(2) - 1) * w.strideWidth() + w.kernelWidth() - x.dim(2) - w.padWidth()
        };
    }

    private static long[] dilations() {
        return new long[] {0, 0};
    }

    private dnnl_primitive_desc forwardDesc() {
        return Dnnl.primitiveDesc(
                "pooling",
                desc -> dnnl_pooling_forward_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        training ? dnnl_forward_training : dnnl_forward_inference,
                        algorithm,
                        toNchw(x).layout(),
                        toNchw(y).layout(),
                        strides(),
                        kernel(),
                        dilations(),
                        padBegin(),
                        padEnd(),
                        Dnnl.plainAttributes()));
    }

    private dnnl_primitive_desc backwardDesc(dnnl_primitive_desc forward, StridedArray dy, StridedArray dx) {
        return Dnnl.backwardDesc(
                forward,
                "pooling backward",
                desc -> dnnl_pooling_backward_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        algorithm,
                        toNchw(dx).layout(),
                        toNchw(dy).layout(),
                        strides(),
                        kernel(),
                        dilations(),
                        padBegin(),
                        padEnd(),
                        forward,
                        Dnnl.plainAttributes()));
    }

    private void workspace(dnnl_primitive_desc pooling, List<Primitive.PrimitiveArgument> arguments) {
        if (workspace == null) return;
        MemoryLayout layout = MemoryLayout.chosen(pooling, dnnl_query_workspace_md);
        arguments.add(new Primitive.PrimitiveArgument(DNNL_ARG_WORKSPACE, layout, workspace.address()));
    }

    KernelStep forward() {
        KernelStep step = KernelStep.of(
                "pool",
                () -> {
                    dnnl_primitive_desc forward = forwardDesc();
                    List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(
                            List.of(toNchw(x).argument(DNNL_ARG_SRC), toNchw(y).argument(DNNL_ARG_DST)));
                    workspace(forward, arguments);
                    return new Primitive(forward, arguments);
                },
                x,
                y);
        if (workspace != null) step.addArray(workspace);
        return step;
    }

    KernelStep backward(StridedArray dy, StridedArray dx) {
        KernelStep step = KernelStep.of(
                "pool_bp",
                () -> {
                    dnnl_primitive_desc backward = backwardDesc(forwardDesc(), dy, dx);
                    List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(List.of(
                            toNchw(dy).argument(DNNL_ARG_DIFF_DST), toNchw(dx).argument(DNNL_ARG_DIFF_SRC)));
                    workspace(backward, arguments);
                    return new Primitive(backward, arguments);
                },
                dy,
                dx);
        if (workspace != null) step.addArray(workspace);
        return step;
    }
}
