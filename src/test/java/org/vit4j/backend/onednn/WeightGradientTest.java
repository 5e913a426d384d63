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
