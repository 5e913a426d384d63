package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;

/** Dense layers whose factors and result are all larger than the L2 cache, with their gradients. */
@Tag("slow")
@RequiresOneDnn
class LargeProductTest {
    private static final String GEMM = "gemm:jit:f32";

    @Test
    void largeProductsAndTheirGradientsUseGemmOnAmxProcessors() {
        List<String> implementations = check(1100, 1024, 1056);
        if (Dnnl.hasAmx()) assertThat(implementations).containsExactly(GEMM, GEMM, GEMM);
        else assertThat(implementations).doesNotContain(GEMM);
    }

    @Test
    void smallFactorsKeepThePreferredKernels() {
        assertThat(check(1100, 1024, 512)).doesNotContain(GEMM);
        assertThat(check(640, 1024, 1056)).doesNotContain(GEMM);
    }

    /** Checks y = x w, dx and dw; returns the kernels of the products. */
    private static List<String> check(long rows, long in, long out) {
        StridedArray x = StridedArray.temporary(rows, in);
        StridedArray w = StridedArray.temporary(in, out);
        StridedArray dy = StridedArray.temporary(rows, out);
        Tape tape = new Tape(true, null);
        TapeValue left = new TapeValue(x, true, -1);
        TapeValue right = new TapeValue(w, true, -1);
        TapeValue y = new MatmulOps(tape, Precision.FP32).dense(left, right, null, ElementType.F32, ElementType.F32);
        tape.accumulate(y, dy, false);
        tape.backward();
        Map<String, StridedArray> outputs =
                Map.of("y", y.array(), "dx", tape.gradient(left), "dw", tape.gradient(right));
        INDArray images = Nd4j.randn(DataType.FLOAT, rows, in);
        INDArray weights = Nd4j.randn(DataType.FLOAT, in, out);
        INDArray gradient = Nd4j.randn(DataType.FLOAT, rows, out);
        try (OneDnnPlan plan = new OneDnnPlan(
                1,
                tape,
                tape.steps().size(),
                Map.of("x", x, "w", w, "dy", dy),
                Map.of(),
                outputs,
                List.of(),
                GradientMemory.NONE)) {
            plan.set("x", images);
            plan.set("w", weights);
            plan.set("dy", gradient);
            plan.forward();
            assertClose(plan.get("y"), images.mmul(weights));
            assertClose(plan.get("dx"), gradient.mmul(weights.transpose()));
            assertClose(plan.get("dw"), images.transpose().mmul(gradient));
            return tape.steps().stream()
                    .flatMap(step -> step.primitives().stream())
                    .map(Primitive::implementation)
                    .filter(name -> name.contains("gemm"))
                    .toList();
        }
    }

    private static void assertClose(INDArray actual, INDArray expected) {
        double largest = expected.amaxNumber().doubleValue();
        assertThat(actual.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-5 * largest);
    }
}
