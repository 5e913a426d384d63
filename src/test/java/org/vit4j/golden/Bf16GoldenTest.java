package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Precision;
import org.vit4j.backend.TestBackends;

/** Outputs of all golden cases with bfloat16 products stay close to the float32 reference. */
class Bf16GoldenTest {
    /** Limit of the largest output error over the largest output; bfloat16 has 8 bits of precision. */
    private static final double OUTPUT = 2e-2;

    /**
     * Cases that amplify rounding so much that PyTorch's autocast exceeds the limit too: its largest error in 16 evaluations,
     * from tools/goldens/autocast.py.
     */
    private static final Map<String, Double> AUTOCAST = Map.of(
            "levit_s_1", 0.461, "levit_s_d1", 0.490, "levit_o_b", 0.175, "crossvit_o_b", 0.101, "t2t_o_b", 0.043);

    static final Backend BF16 = Backend.ONEDNN.with(Precision.BF16);

    static Stream<String> cases() throws IOException {
        return GoldenTest.cases();
    }

    @BeforeAll
    static void requireInstructions() {
        TestBackends.bf16();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void outputsStayCloseToTheReference(String name) throws IOException {
        GoldenCase golden = GoldenCase.read(GoldenTest.directory().resolve(name));
        GoldenErrors.Distance worst = GoldenRun.evaluate(golden, BF16).worstLogits();
        assertThat(worst.error()).as(worst.name()).isLessThan(AUTOCAST.getOrDefault(name, OUTPUT));
    }
}
