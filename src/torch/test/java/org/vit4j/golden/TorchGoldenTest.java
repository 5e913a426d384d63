package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Precision;
import org.vit4j.backend.torch.TorchVariants;

/** Golden cases on variants of the libtorch backend: without fused attention, and in bfloat16. */
class TorchGoldenTest {
    static Stream<String> cases() throws IOException {
        return GoldenTest.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void casesPassWithoutFusedAttention(String name) throws IOException {
        GoldenErrors errors =
                GoldenRun.run(GoldenCase.read(GoldenTest.directory().resolve(name)), TorchVariants.withoutFusion());
        assertThat(errors.worstOutput().error()).as(errors.worstOutput().name()).isLessThan(GoldenTest.OUTPUT);
        assertThat(errors.worstGradient().error())
                .as(errors.worstGradient().name())
                .isLessThan(GoldenTest.GRADIENT);
        assertThat(errors.worstLoss().error()).as(errors.worstLoss().name()).isLessThan(GoldenTest.LOSS);
    }

    /**
     * @param autocast largest relative L2 error of a parameter's gradient under {@code torch.autocast("cpu", bfloat16)},
     *     PyTorch 2.15, against its float32 gradient; see {@link Bf16GradientTest}. The reference's attention is not fused
     * @param fused limit with fused attention, whose kernel rounds the maps and their gradients too
     */
    @ParameterizedTest
    @CsvSource({
        "vit_s_1, 0.0138, 0.0138",
        "deepvit_s_1, 0.0332, 0.0332",
        "cait_s_1, 0.0423, 0.0423",
        "pit_s_1, 0.0282, 0.0392",
        "levit_s_1, 0.107, 0.107"
    })
    void gradientsInBfloat16StayWithinTheDistanceOfAutocast(String name, double autocast, double fused)
            throws IOException {
        GoldenCase golden = GoldenCase.read(GoldenTest.directory().resolve(name));
        GoldenErrors.Distance separate = worst(golden, TorchVariants.withoutFusion());
        assertThat(separate.error()).as(separate.name()).isBetween(1e-4, autocast);
        GoldenErrors.Distance one = worst(golden, Backend.TORCH);
        assertThat(one.error()).as(one.name()).isBetween(1e-4, fused);
    }

    private static GoldenErrors.Distance worst(GoldenCase golden, Backend backend) {
        return GoldenRun.run(golden, backend.with(Precision.BF16)).worstGradient();
    }
}
