package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.RequiresOneDnn;

/** The gradient of softmax of processors without AVX-512, on any processor. */
@Tag("slow")
@RequiresOneDnn
class ComposedSoftmaxBackwardTest {
    /** One row, one column, one block, and three blocks of rows of which the last is smaller. */
    @ParameterizedTest
    @CsvSource({"1, 5, false", "4, 1, false", "40, 197, false", "40, 197, true", "3000, 700, false", "3000, 700, true"})
    void gradientEqualsItsDefinition(long rows, long columns, boolean inPlace) {
        StridedArray y = StridedArray.temporary(rows, columns);
        StridedArray dy = StridedArray.temporary(rows, columns);
        StridedArray dx = inPlace ? dy : StridedArray.temporary(rows, columns);
        Tape tape = new Tape(false, null);
        tape.emit(new ComposedSoftmaxBackward(y, dy, dx));
        INDArray probs = Nd4j.rand(DataType.FLOAT, rows, columns).div(columns);
        INDArray gradient = Nd4j.randn(DataType.FLOAT, rows, columns);
        try (OneDnnPlan plan = new OneDnnPlan(
                1, tape, 1, Map.of("y", y, "dy", dy), Map.of(), Map.of("dx", dx), List.of(), GradientMemory.NONE)) {
            plan.set("y", probs);
            plan.set("dy", gradient);
            plan.forward();
            INDArray sums = probs.mul(gradient).sum(true, 1);
            INDArray expected = gradient.subColumnVector(sums).mul(probs);
            double size = probs.mul(gradient).amaxNumber().doubleValue();
            double error = plan.get("dx").sub(expected).amaxNumber().doubleValue();
            assertThat(error / size).isCloseTo(0, within(1e-5));
        }
    }
}
