package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc_t;
import org.bytedeco.dnnl.dnnl_pooling_desc_t;
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
        dnnl_primitive_desc forward = Dnnl.createPrimitiveDesc(forwardDesc(), null, null);
        long bytes = dnnl_memory_desc_get_size(Dnnl.layout(forward, dnnl_query_workspace_md));
        dnnl_primitive_desc_destroy(forward);
        return StridedArray.temporary((bytes + Float.BYTES - 1) / Float.BYTES);
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

    private dnnl_pooling_desc_t forwardDesc() {
        dnnl_pooling_desc_t d = new dnnl_pooling_desc_t();
        Dnnl.check(
                dnnl_pooling_forward_desc_init(
                        d,
                        training ? dnnl_forward_training : dnnl_forward_inference,
                        algorithm,
                        toNchw(x).layout(),
                        toNchw(y).layout(),
                        strides(),
                        kernel(),
                        padBegin(),
                        padEnd()),
                "pooling");
        return d;
    }

    private void workspace(dnnl_primitive_desc forward, List<Primitive.PrimitiveArgument> arguments) {
        if (workspace == null) return;
        dnnl_memory_desc_t layout = Dnnl.layout(forward, dnnl_query_workspace_md);
        arguments.add(new Primitive.PrimitiveArgument(DNNL_ARG_WORKSPACE, layout, workspace.address()));
    }

    KernelStep forward() {
        KernelStep step = KernelStep.of(
                "pool",
                () -> {
                    dnnl_primitive_desc forward = Dnnl.createPrimitiveDesc(forwardDesc(), null, null);
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
                    dnnl_primitive_desc forward = Dnnl.createPrimitiveDesc(forwardDesc(), null, null);
                    dnnl_pooling_desc_t d = new dnnl_pooling_desc_t();
                    Dnnl.check(
                            dnnl_pooling_backward_desc_init(
                                    d,
                                    algorithm,
                                    toNchw(dx).layout(),
                                    toNchw(dy).layout(),
                                    strides(),
                                    kernel(),
                                    padBegin(),
                                    padEnd()),
                            "pooling backward");
                    try {
                        List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(List.of(
                                toNchw(dy).argument(DNNL_ARG_DIFF_DST),
                                toNchw(dx).argument(DNNL_ARG_DIFF_SRC)));
                        workspace(forward, arguments);
                        return new Primitive(Dnnl.createPrimitiveDesc(d, null, forward), arguments);
                    } finally {
                        dnnl_primitive_desc_destroy(forward);
                    }
                },
                dy,
                dx);
        if (workspace != null) step.addArray(workspace);
        return step;
    }
}
