package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Order of the closures of a backward pass. */
class BackwardPassTest {
    private final BackwardPass pass = new BackwardPass();
    private final List<String> order = new ArrayList<>();

    private void add(String name) {
        pass.add(() -> order.add(name));
    }

    /** The rule counts the memory that must be kept: that of the whole array if the operand is a part of it. */
    @ParameterizedTest
    @CsvSource({"true, 10, last", "true, 100, now", "false, 10, now"})
    void gradientsOfParametersWithSmallOperandsComeLast(boolean parameter, int rows, String expected) {
        StridedArray weights = parameter
                ? StridedArray.of(PlannedBuffer.external(3200, 4096), 0, 40, 80)
                : StridedArray.temporary(40, 80);
        TapeValue value = new TapeValue(weights, true, -1).target(new TapeValue.GradientTarget(weights));
        StridedArray row = StridedArray.temporary(rows, 10).slice(0, 0, 1);
        add("first");
        pass.add(() -> pass.schedule(() -> order.add("gradient"), value, row, row));
        add("before");
        pass.run();
        assertThat(order)
                .isEqualTo(
                        expected.equals("last")
                                ? List.of("before", "first", "gradient")
                                : List.of("before", "gradient", "first"));
    }

    @Test
    void stepsRecordedAgainAreDifferentiatedWhenTheirGradientIsKnown() {
        add("first");
        pass.add(() -> {
            List<Runnable> again = pass.recompute(() -> {
                add("second");
                add("third");
            });
            add("gradient of their result");
            pass.add(() -> pass.resume(again));
        });
        pass.run();
        assertThat(order).containsExactly("third", "second", "gradient of their result", "first");
    }
}
