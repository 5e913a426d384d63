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
import org.vit4j.backend.TestBackends;
import org.vit4j.machine.CpuThreads;

class RowPartsTest {
    @Test
    void rowsThatUseAllThreadsAreOnePart() {
        assertThat(RowParts.of(1576, rows -> true)).containsExactly(1576L);
    }

    @Test
    void thereAreAsFewPartsAsPossible() {
        assertThat(RowParts.of(197, rows -> rows <= 128)).containsExactly(112L, 85L);
        assertThat(RowParts.of(197, rows -> rows <= 96)).containsExactly(80L, 80L, 37L);
        assertThat(RowParts.of(400, rows -> rows % 80 == 0 && rows < 400)).containsExactly(80L, 80L, 80L, 80L, 80L);
    }

    @Test
    void theLastPartMustUseAllThreadsToo() {
        assertThat(RowParts.of(197, rows -> rows <= 128 && rows != 85)).containsExactly(80L, 80L, 37L);
    }

    @Test
    void rowsAreOnePartIfNoDivisionUsesAllThreads() {
        assertThat(RowParts.of(197, rows -> false)).containsExactly(197L);
        assertThat(RowParts.of(32, rows -> rows <= 16)).containsExactly(32L);
    }

    @Test
    void unevenSizesAreHalved() {
        assertThat(RowParts.even(1576, 384, 1536, 2)).containsExactly(800L, 776L);
        assertThat(RowParts.even(1576, 384, 1536, 1)).containsExactly(1576L);
        assertThat(RowParts.even(3152, 384, 1536, 2)).containsExactly(3152L);
        assertThat(RowParts.even(1576, 1536, 384, 2)).containsExactly(1576L);
        assertThat(RowParts.even(1576, 192, 768, 2)).containsExactly(1576L);
        assertThat(RowParts.even(1576, 384, 2048, 2)).as("not measured").containsExactly(1576L);
    }

    /** oneDNN takes one thread for all rows; the columns are no multiple of 48. */
    @Test
    @Tag("slow")
    @RequiresOneDnn
    void partsComputeWhatOneProductComputes() {
        checkSum(520, 1536, 400, true);
    }

    @Test
    @Tag("slow")
    @RequiresOneDnn
    void blocksOfColumnsComputeWhatOneThreadComputes() {
        checkSum(197, 1536, 384, false);
    }

    @Test
    @Tag("slow")
    @RequiresOneDnn
    void halvesComputeWhatOneProductComputes() {
        checkSum(1576, 256, 1024, true);
    }

    /** y = (x w + bias) + z, in bfloat16, by one thread and by two. */
    private static void checkSum(long rows, long in, long out, boolean hasParts) {
        if (!Dnnl.hasAmx()) throw TestBackends.skipped("parts of rows are not tested: the processor has no AMX");
        Map<String, INDArray> values = new HashMap<>();
        values.put("x", Nd4j.randn(DataType.FLOAT, rows, in));
        values.put("w", Nd4j.randn(DataType.FLOAT, in, out));
        values.put("bias", Nd4j.randn(DataType.FLOAT, 1, out));
        values.put("z", Nd4j.randn(DataType.FLOAT, rows, out));
        int before = CpuThreads.current();
        try {
            CpuThreads.use(2);
            INDArray parts = sum(values, hasParts);
            CpuThreads.use(1);
            assertThat(distance(parts, sum(values, false))).isLessThan(1e-5);
            INDArray expected = values.get("x")
                    .mmul(values.get("w"))
                    .addRowVector(values.get("bias"))
                    .add(values.get("z"));
            assertThat(distance(parts, expected)).as("rounding to bfloat16").isLessThan(5e-3);
        } finally {
            CpuThreads.use(before);
        }
    }

    private static INDArray sum(Map<String, INDArray> values, boolean hasParts) {
        Map<String, StridedArray> inputs = new HashMap<>();
        values.forEach((name, array) -> inputs.put(name, StridedArray.temporary(array.shape())));
        Tape tape = new Tape(false, null);
        MatmulOps math = new MatmulOps(tape, Precision.BF16);
        TapeValue product = math.dense(
                value(inputs.get("x")),
                value(inputs.get("w")),
                value(inputs.get("bias")),
                ElementType.BF16,
                ElementType.F32);
        StridedArray sum =
                math.add(product.setUsedOnce(true), value(inputs.get("z"))).array();
        KernelStep step = tape.steps().get(tape.steps().size() - 1);
        try (OneDnnPlan plan = new OneDnnPlan(
                1, tape, tape.steps().size(), inputs, Map.of(), Map.of("sum", sum), List.of(), GradientMemory.NONE)) {
            long products = step.primitives().stream()
                    .filter(p -> p.implementation().contains("amx"))
                    .count();
            assertThat(products > 1).isEqualTo(hasParts);
            values.forEach(plan::set);
            plan.forward();
            return plan.get("sum");
        }
    }

    /** The largest difference, relative to the largest element. */
    private static double distance(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue() / b.amaxNumber().doubleValue();
    }

    private static TapeValue value(StridedArray array) {
        return new TapeValue(array, false, -1);
    }
}
