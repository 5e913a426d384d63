package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.bytedeco.dnnl.global.dnnl;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.graph.Activation;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Window;

/** Operations fused into a product or a convolution give the results of separate steps; oneDNN 2.5 had errors here. */
@Tag("slow")
@RequiresOneDnn
class FusedPostOpsTest {
    private final Tape tape = new Tape(false, null);
    private final MatmulOps math = new MatmulOps(tape, Precision.FP32);

    @Test
    void twoElementwiseFunctionsAfterAProduct() {
        StridedArray x = StridedArray.temporary(33, 24);
        StridedArray w = StridedArray.temporary(24, 40);
        assertFusedEqualsSeparate(
                Map.of("x", x, "w", w),
                1,
                use -> math.eltwise(
                        EltwiseFunction.linear(3, -1),
                        use.apply(math.eltwise(
                                EltwiseFunction.of(Activation.GELU),
                                use.apply(math.dense(value(x), value(w), null, ElementType.F32, ElementType.F32))))));
    }

    @Test
    void scaleShiftAndActivationAfterADilatedConvolution() {
        StridedArray x = StridedArray.temporary(2, 12, 12, 8);
        StridedArray w = StridedArray.temporary(3, 3, 8, 16);
        StridedArray scale = StridedArray.temporary(16);
        StridedArray shift = StridedArray.temporary(16);
        LinearOp.Conv2d conv = new LinearOp.Conv2d(16, new Window(3, 3, 1, 1, 2, 2, 2), 1, false);
        ConvOps convs = new ConvOps(tape, math);
        assertFusedEqualsSeparate(Map.of("x", x, "w", w, "scale", scale, "shift", shift), 1, use -> {
            TapeValue y =
                    convs.convolution(value(x), value(w), null, conv, new long[] {2, 12, 12, 16}, ElementType.F32);
            y = binary(dnnl.dnnl_binary_mul, use.apply(y), scale, math::mul);
            y = binary(dnnl.dnnl_binary_add, use.apply(y), shift, math::add);
            return math.eltwise(EltwiseFunction.of(Activation.RELU), use.apply(y));
        });
    }

    /** Fuses an operation with a row if {@code x} has one use, as batch norms do; otherwise computes it separately. */
    private TapeValue binary(
            int algorithm, TapeValue x, StridedArray row, BiFunction<TapeValue, TapeValue, TapeValue> separate) {
        if (math.tryFuse(algorithm, x, value(row)))
            return new TapeValue(x.array(), false, x.producerStep(), true).setProducer(x.producer(), x.producerStep());
        long[] dims = x.array().dims();
        TapeValue rows = tape.reshape(x, x.array().size() / row.size(), row.size());
        TapeValue y = separate.apply(rows, value(row.reshape(1, row.size()).orElseThrow()));
        return tape.reshape(y.setUsedOnce(false), dims);
    }

    private static TapeValue value(StridedArray array) {
        return new TapeValue(array, false, -1);
    }

    private void assertFusedEqualsSeparate(
            Map<String, StridedArray> inputs, int fusedSteps, Function<UnaryOperator<TapeValue>, TapeValue> network) {
        int before = tape.steps().size();
        TapeValue fused = network.apply(value -> value.setUsedOnce(true));
        assertThat(tape.steps().size() - before).isEqualTo(fusedSteps);
        TapeValue separate = network.apply(value -> value.setUsedOnce(false));
        assertThat(tape.steps().size() - before).isGreaterThan(2 * fusedSteps);
        Map<String, StridedArray> outputs = Map.of("fused", fused.array(), "separate", separate.array());
        try (OneDnnPlan plan = new OneDnnPlan(1, tape, tape.steps().size(), inputs, Map.of(), outputs, List.of())) {
            inputs.forEach((name, array) -> plan.set(name, Nd4j.randn(DataType.FLOAT, array.dims())));
            plan.forward();
            INDArray difference = plan.get("fused").sub(plan.get("separate"));
            double largest = plan.get("separate").amaxNumber().doubleValue();
            assertThat(difference.amaxNumber().doubleValue() / largest).isLessThan(1e-6);
        }
    }
}
