package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc_t;
import org.bytedeco.dnnl.dnnl_pooling_desc_t;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.vit4j.graph.Window;

/** Pooling of images [B, H, W, C] by one window. */
final class PoolingPrimitive {
    private final int algorithm;
    private final Window w;
    private final StridedArray x;
    private final StridedArray y;
    private final boolean training;
    private final StridedArray workspace;

    /** @param training whether the forward pass has to note which pixel of a window was the largest */
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
        dnnl_primitive_desc forward = Dnnl.describe(forwardOperation(), null, null);
        long bytes = dnnl_memory_desc_get_size(Dnnl.layout(forward, dnnl_query_workspace_md));
        dnnl_primitive_desc_destroy(forward);
        return StridedArray.fresh((bytes + Float.BYTES - 1) / Float.BYTES);
    }

    /** [B, H, W, C] as oneDNN counts axes, [B, C, H, W]. */
    private static StridedArray image(StridedArray x) {
        return x.permute(0, 3, 1, 2);
    }

    private long[] strides() {
        return new long[] {w.strideHeight(), w.strideWidth()};
    }

    private long[] kernel() {
        return new long[] {w.kernelHeight(), w.kernelWidth()};
    }

    private long[] before() {
        return new long[] {w.padHeight(), w.padWidth()};
    }

    /** As much as the last window reaches over. */
    private long[] after() {
        return new long[] {
            (y.dim(1) - 1) * w.strideHeight() + w.kernelHeight() - x.dim(1) - w.padHeight(),
            (y.dim(2) - 1) * w.strideWidth() + w.kernelWidth() - x.dim(2) - w.padWidth()
        };
    }

    private dnnl_pooling_desc_t forwardOperation() {
        dnnl_pooling_desc_t d = new dnnl_pooling_desc_t();
        Dnnl.check(
                dnnl_pooling_forward_desc_init(
                        d,
                        training ? dnnl_forward_training : dnnl_forward_inference,
                        algorithm,
                        image(x).layout(),
                        image(y).layout(),
                        strides(),
                        kernel(),
                        before(),
                        after()),
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
                    dnnl_primitive_desc forward = Dnnl.describe(forwardOperation(), null, null);
                    List<Primitive.PrimitiveArgument> arguments =
                            new ArrayList<>(List.of(image(x).as(DNNL_ARG_SRC), image(y).as(DNNL_ARG_DST)));
                    workspace(forward, arguments);
                    return new Primitive(forward, arguments);
                },
                x,
                y);
        if (workspace != null) step.touches(workspace);
        return step;
    }

    KernelStep backward(StridedArray dy, StridedArray dx) {
        KernelStep step = KernelStep.of(
                "pool_bp",
                () -> {
                    dnnl_primitive_desc forward = Dnnl.describe(forwardOperation(), null, null);
                    dnnl_pooling_desc_t d = new dnnl_pooling_desc_t();
                    Dnnl.check(
                            dnnl_pooling_backward_desc_init(
                                    d,
                                    algorithm,
                                    image(dx).layout(),
                                    image(dy).layout(),
                                    strides(),
                                    kernel(),
                                    before(),
                                    after()),
                            "pooling backward");
                    try {
                        List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(List.of(
                                image(dy).as(DNNL_ARG_DIFF_DST), image(dx).as(DNNL_ARG_DIFF_SRC)));
                        workspace(forward, arguments);
                        return new Primitive(Dnnl.describe(d, null, forward), arguments);
                    } finally {
                        dnnl_primitive_desc_destroy(forward);
                    }
                },
                dy,
                dx);
        if (workspace != null) step.touches(workspace);
        return step;
    }
}
