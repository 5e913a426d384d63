package org.vit4j.backend.onednn;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.backend.TestBackends;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Convolutions whose bfloat16 kernels in oneDNN read memory out of bounds. */
@RequiresOneDnn
class NarrowConvolutionTest {
    @ParameterizedTest
    @CsvSource({
        "10, 1, 3, 2, 1",
        "17, 2, 3, 2, 1",
        "2, 1, 3, 2, 1",
        "1, 1, 3, 2, 1",
        "12, 3, 3, 3, 1",
        "9, 4, 7, 4, 2",
        "1, 4, 5, 1, 2",
        "2, 6, 7, 1, 3",
        "5, 2, 3, 1, 1"
    })
    void gradientsAreNearThoseOfFloat32(int height, int width, int kernel, int stride, int pad) {
        TestBackends.bf16(); // skips without it, and says why
        Graph g = new Graph(Init.TIMM);
        Tensor x = g.layerNorm("norm", g.input("image", height, width, 32), 1e-5);
        Tensor y = g.conv2d("conv", x, 32, Window.square(kernel, stride, pad), 1, true);
        int size = Math.toIntExact(y.shape().size());
        g.output(Graph.LOGITS, g.dense("head", g.reshape("flat", y, size), 5));
        SameDiffComparison.assertSameTensor(g, 3, Precision.BF16, "conv", 2e-2);
        SameDiffComparison.assertSameGradient(g, 3, Precision.BF16, 5e-2);
    }
}
