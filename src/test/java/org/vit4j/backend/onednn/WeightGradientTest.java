package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;

/** Gradients of weights, x' dy, whose rows have sizes that compete for the cache and those that do not. */
@Tag("slow")
@RequiresOneDnn
class WeightGradientTest {
    private static final long ROWS = 300;
    private static final long IN = 40;

    @Test
    void gradientOfRowsThatCompeteIsTheTransposeOfAProduct() {
        assertThat(kinds(3072)).containsExactly("matmul", "copy", "matmul", "accumulate");
    }

    @Test
    void gradientOfOtherRowsIsAProduct() {
        assertThat(kinds(3056)).containsExactly("matmul", "matmul");
        assertThat(kinds(2048)).as("a power of 2").containsExactly("matmul", "matmul");
    }

    /** Narrow results of two uses: oneDNN would reorder the transposed operand, which is large. */
    @Test
    void narrowGradientIsTheTransposeOfAProduct() {
        long batch = 2, heads = 3, queries = 70, keys = 66;
        for (long width : new long[] {MatrixProduct.MAX_NARROW_COLUMNS, MatrixProduct.MAX_NARROW_COLUMNS + 1}) {
            StridedArray maps = StridedArray.temporary(batch, heads, queries, keys);
            StridedArray gradient = StridedArray.temporary(batch, queries, heads * width);
            StridedArray target = StridedArray.temporary(batch, keys, 3 * heads * width);
            Tape tape = new Tape(true, null);
            TapeValue values = new TapeValue(heads(target.like(), heads, 3 * width, width), true, -1)
                    .target(new TapeValue.GradientTarget(heads(target, heads, 3 * width, width)));
            AttentionOps attention = new AttentionOps(tape, new MatmulOps(tape, Precision.FP32));
            for (int use = 0; use < 2; use++) {
                TapeValue sum = attention.weightedSum(new TapeValue(maps, false, -1), values, ElementType.F32);
                tape.accumulate(sum, heads(gradient, heads, width, width), false);
            }
            int forward = tape.steps().size();
            tape.backward();
            boolean narrow = Dnnl.hasAvx512() && width <= MatrixProduct.MAX_NARROW_COLUMNS;
            assertThat(tape.steps().stream().skip(forward).map(KernelStep::kind))
                    .containsExactlyElementsOf(
                            narrow ? List.of("matmul", "copy", "matmul", "accumulate") : List.of("matmul", "matmul"));
            INDArray x = Nd4j.randn(DataType.FLOAT, maps.dims());
            INDArray dy = Nd4j.randn(DataType.FLOAT, gradient.dims());
            Map<String, StridedArray> outputs = Map.of("dv", tape.gradient(values));
            try (OneDnnPlan plan = new OneDnnPlan(
                    1,
                    tape,
                    tape.steps().size(),
                    Map.of("x", maps, "dy", gradient),
                    Map.of(),
                    outputs,
                    List.of(),
                    GradientMemory.NONE)) {
                plan.set("x", x);
                plan.set("dy", dy);
                plan.forward();
                INDArray byHead = dy.reshape(batch, queries, heads, width).permute(0, 2, 1, 3);
                INDArray expected = Nd4j.matmul(x.permute(0, 1, 3, 2).dup('c'), byHead.dup('c'));
                assertThat(plan.get("dv").sub(expected.mul(2)).amaxNumber().doubleValue())
                        .isLessThan(1e-4);
            }
        }
    }

    /** View of the first columns of each head in [B, T, H * stride] as [B, H, T, width]. */
    private static StridedArray heads(StridedArray x, long heads, long stride, long width) {
        return x.reshape(x.dim(0), x.dim(1), heads, stride)
                .orElseThrow()
                .slice(3, 0, width)
                .permute(0, 2, 1, 3);
    }

    /** Kinds of the steps that compute the gradient of weights with two uses, whose values are checked. */
    private static List<String> kinds(long out) {
        Tape tape = new Tape(true, null);
        MatmulOps math = new MatmulOps(tape, Precision.FP32);
        Map<String, StridedArray> inputs = new HashMap<>();
        for (String name : List.of("x1", "x2")) inputs.put(name, StridedArray.temporary(ROWS, IN));
        for (String name : List.of("dy1", "dy2")) inputs.put(name, StridedArray.temporary(ROWS, out));
        inputs.put("w", StridedArray.temporary(IN, out));
        TapeValue w = new TapeValue(inputs.get("w"), true, -1)
                .target(new TapeValue.GradientTarget(StridedArray.temporary(IN, out)));
        for (int use = 1; use <= 2; use++) {
            TapeValue x = new TapeValue(inputs.get("x" + use), false, -1);
            TapeValue y = math.dense(x, w, null, ElementType.F32, ElementType.F32);
            tape.accumulate(y, inputs.get("dy" + use), false);
        }
        int forward = tape.steps().size();
        tape.backward();
        Map<String, StridedArray> outputs = Map.of("dw", tape.gradient(w));
        try (OneDnnPlan plan = new OneDnnPlan(
                1, tape, tape.steps().size(), inputs, Map.of(), outputs, List.of(), GradientMemory.NONE)) {
            Map<String, INDArray> values = new HashMap<>();
            inputs.forEach((name, array) -> values.put(name, Nd4j.randn(DataType.FLOAT, array.dims())));
            values.forEach(plan::set);
            plan.forward();
            INDArray expected = values.get("x1")
                    .transpose()
                    .mmul(values.get("dy1"))
                    .add(values.get("x2").transpose().mmul(values.get("dy2")));
            assertThat(plan.get("dw").sub(expected).amaxNumber().doubleValue()).isLessThan(1e-3);
        }
        return tape.steps().stream().skip(forward).map(KernelStep::kind).toList();
    }
}
