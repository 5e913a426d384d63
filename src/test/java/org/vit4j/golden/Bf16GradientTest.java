package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Gradients with bfloat16 products are no farther from float32 than those of PyTorch's autocast.
 */
class Bf16GradientTest {
    @BeforeAll
    static void requireInstructions() {
        Bf16GoldenTest.requireInstructions();
    }

    /**
     * @param worst largest relative L2 error of a parameter's gradient under {@code torch.autocast("cpu", bfloat16)},
     *     PyTorch 2.15, against its float32 gradient; measured on the same case and the same processor
     */
    @ParameterizedTest
    @CsvSource({"vit_s_1, 0.0138", "deepvit_s_1, 0.0332", "cait_s_1, 0.0423", "pit_s_1, 0.0282", "levit_s_1, 0.107"})
    void gradientsStayWithinTheDistanceOfAutocast(String name, double worst) throws IOException {
        GoldenCase golden = GoldenCase.read(GoldenTest.directory().resolve(name));
        GoldenErrors errors = GoldenRun.run(golden, Bf16GoldenTest.BF16);
        if (Boolean.getBoolean("print"))
            System.out.println(name + " " + errors.worstGradient() + " " + errors.worstLoss());
        assertThat(errors.worstGradient().error())
                .as(errors.worstGradient().name())
                .isLessThan(worst);
    }
}
