package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.FloatPointer;
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
    private final EltwiseOps eltwise = new EltwiseOps(tape);

    @Test
    void twoElementwiseFunctionsAfterAProduct() {
        StridedArray x = StridedArray.temporary(33, 24);
        StridedArray w = StridedArray.temporary(24, 40);
        assertFusedEqualsSeparate(
                Map.of("x", x, "w", w),
                1,
                use -> eltwise.apply(
                        EltwiseFunction.linear(3, -1),
                        use.apply(eltwise.apply(
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
            return eltwise.apply(EltwiseFunction.of(Activation.RELU), use.apply(y));
        });
    }

    @Test
    void biasOfAllScoresOfAnImage() {
        StridedArray q = StridedArray.temporary(3, 2, 7, 8);
        StridedArray k = StridedArray.temporary(3, 2, 8, 5);
        StridedArray bias = StridedArray.temporary(1, 2 * 7 * 5);
        assertFusedEqualsSeparate(Map.of("q", q, "k", k, "bias", bias), 1, use -> {
            TapeValue scores = use.apply(math.product(value(q), value(k), 0.5, StridedArray.temporary(3, 2, 7, 5)));
            TapeValue rows = use.apply(tape.reshape(scores, 3, 2 * 7 * 5));
            return use.apply(math.add(rows, value(bias)));
        });
    }

    @Test
    void anAddendThatNothingReadsLaterIsOverwritten() {
        assertThat(sharesMemoryWithItsAddend(false)).isTrue();
    }

    @Test
    void anAddendThatIsReadLaterIsNotOverwritten() {
        assertThat(sharesMemoryWithItsAddend(true)).isFalse();
    }

    private boolean sharesMemoryWithItsAddend(boolean readsAddend) {
        StridedArray x = StridedArray.temporary(33, 24);
        StridedArray w = StridedArray.temporary(24, 40);
        StridedArray z = StridedArray.temporary(33, 40);
        TapeValue addend = eltwise.apply(EltwiseFunction.linear(2, 1), value(z));
        TapeValue product = math.dense(value(x), value(w), null, ElementType.F32, ElementType.F32);
        TapeValue sum = math.add(product.setUsedOnce(true), addend);
        Map<String, StridedArray> inputs = Map.of("x", x, "w", w, "z", z);
        Map<String, StridedArray> outputs =
                readsAddend ? Map.of("sum", sum.array(), "addend", addend.array()) : Map.of("sum", sum.array());
        try (OneDnnPlan plan = new OneDnnPlan(
                1, tape, tape.steps().size(), inputs, Map.of(), outputs, List.of(), GradientMemory.NONE)) {
            Map<String, INDArray> values = new HashMap<>();
            inputs.forEach((name, array) -> values.put(name, Nd4j.randn(DataType.FLOAT, array.dims())));
            values.forEach(plan::set);
            plan.forward();
            INDArray expected = values.get("x")
                    .mmul(values.get("w"))
                    .add(values.get("z").mul(2).add(1));
            assertThat(plan.get("sum").sub(expected).amaxNumber().doubleValue()).isLessThan(1e-4);
        }
        return sum.array().buffer().block() == addend.array().buffer().block();
    }

    @Test
    void batchNormFoldedIntoConstantWeights() {
        try (PackedWeights packed = new PackedWeights()) {
            Tape constant = new Tape(false, packed);
            INDArray folded = normOfDenseLayer(constant);
            assertThat(constant.steps()).hasSize(1);
            INDArray separate = normOfDenseLayer(tape);
            assertThat(tape.steps()).hasSizeGreaterThan(1);
            double largest = separate.amaxNumber().doubleValue();
            assertThat(folded.sub(separate).amaxNumber().doubleValue() / largest)
                    .isLessThan(1e-6);
        }
    }

    /** Batch norm by running statistics of a dense layer with bias, [6, 16] x [16, 8]. */
    private static INDArray normOfDenseLayer(Tape tape) {
        Random random = new Random(1);
        List<FloatPointer> memory = new ArrayList<>();
        Function<long[], StridedArray> parameter = dims -> {
            float[] values = new float[(int) StridedArray.product(dims)];
            for (int i = 0; i < values.length; i++) values[i] = 0.5f + random.nextFloat();
            memory.add(new FloatPointer(values));
            long address = memory.get(memory.size() - 1).address();
            return StridedArray.of(PlannedBuffer.external(values.length, address), 0, dims);
        };
        MatmulOps math = new MatmulOps(tape, Precision.FP32);
        StridedArray x = parameter.apply(new long[] {6, 16});
        StridedArray w = parameter.apply(new long[] {16, 8});
        StridedArray bias = parameter.apply(new long[] {1, 8});
        NormKernels.NormArguments norm = new NormKernels.NormArguments(
                parameter.apply(new long[] {6, 8}),
                parameter.apply(new long[] {8}),
                parameter.apply(new long[] {8}),
                parameter.apply(new long[] {8}),
                parameter.apply(new long[] {8}),
                1e-3);
        TapeValue y = math.dense(value(x), value(w), value(bias), ElementType.F32, ElementType.F32);
        TapeValue normed = new NormOps(tape, math).fusedBatchNormInference(y.setUsedOnce(true), norm);
        try (OneDnnPlan plan = new OneDnnPlan(
                1,
                tape,
                tape.steps().size(),
                Map.of(),
                Map.of(),
                Map.of("y", normed.array()),
                List.of(),
                GradientMemory.NONE)) {
            plan.forward();
            return plan.get("y");
        } finally {
            memory.forEach(FloatPointer::close);
        }
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
        try (OneDnnPlan plan = new OneDnnPlan(
                1, tape, tape.steps().size(), inputs, Map.of(), outputs, List.of(), GradientMemory.NONE)) {
            inputs.forEach((name, array) -> plan.set(name, Nd4j.randn(DataType.FLOAT, array.dims())));
            plan.forward();
            INDArray difference = plan.get("fused").sub(plan.get("separate"));
            double largest = plan.get("separate").amaxNumber().doubleValue();
            assertThat(difference.amaxNumber().doubleValue() / largest).isLessThan(1e-6);
        }
    }
}
