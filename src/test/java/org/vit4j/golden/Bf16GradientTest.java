package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.backend.Backend;

/**
 * Gradients with bfloat16 products are no farther from float32 than those of PyTorch's autocast. A single evaluation says little, because
 * these networks amplify rounding: images that differ by less than the rounding of bfloat16, or another processor, change the
 * error by up to a half. So medians are compared, of evaluations with such images.
 */
class Bf16GradientTest {
    private static final int EVALUATIONS = 15;

    @BeforeAll
    static void requireInstructions() {
        Bf16GoldenTest.requireInstructions();
    }

    /**
     * @param autocast median of the largest relative L2 error of a parameter's gradient under {@code torch.autocast("cpu",
     *     bfloat16)} against float32, from {@code tools/goldens/autocast.py --gradients}
     */
    @ParameterizedTest
    @CsvSource({"vit_s_1, 0.0132", "deepvit_s_1, 0.0368", "cait_s_1, 0.0437", "pit_s_1, 0.0290", "levit_s_1, 0.0866"})
    void gradientsStayWithinTheDistanceOfAutocast(String name, double autocast) throws IOException {
        GoldenCase stored = GoldenCase.read(GoldenTest.directory().resolve(name));
        Random random = new Random(0);
        double[] errors = Stream.iterate(stored, any -> stored.withImagesRoundedAtRandom(random))
                .limit(EVALUATIONS)
                .mapToDouble(Bf16GradientTest::largestError)
                .sorted()
                .toArray();
        if (Boolean.getBoolean("print"))
            System.out.println(name + " "
                    + DoubleStream.of(errors).mapToObj("%.4f"::formatted).toList());
        assertThat(errors[EVALUATIONS / 2]).isLessThan(autocast);
    }

    private static double largestError(GoldenCase golden) {
        Map<String, float[]> exact = GoldenRun.gradients(golden, Backend.ONEDNN);
        Map<String, float[]> rounded = GoldenRun.gradients(golden, Bf16GoldenTest.BF16);
        return exact.keySet().stream()
                .mapToDouble(parameter -> Compare.relative(rounded.get(parameter), exact.get(parameter)))
                .max()
                .orElseThrow();
    }
}
