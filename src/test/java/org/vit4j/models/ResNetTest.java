package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;

class ResNetTest {
    private static ModelConfig model(String yaml) {
        Config config = Config.parse("model: {arch: resnet, " + yaml + "}", "test.yaml");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow();
    }

    /** Parameter counts published by torchvision; multiply-accumulates of convolutions and head. */
    @ParameterizedTest
    @CsvSource({
        "18, 11689512, 1814073344",
        "34, 21797672, 3663761408",
        "50, 25557032, 4089184256",
        "101, 44549160, 7801405440",
        "152, 60192808, 11513626624"
    })
    void imagenetVariantsHaveTheCountsOfTorchvision(int depth, long parameters, long macs) {
        Graph graph = model("depth: " + depth).build();
        assertThat(graph.parameterCount()).isEqualTo(parameters);
        assertThat(graph.macs()).isEqualTo(macs);
    }

    /** Table 6 of the paper has 0.27M and 0.85M parameters, without the projections between the stages. */
    @ParameterizedTest
    @CsvSource({"20, 272474, 269722", "56, 855770, 853018"})
    void cifarVariantsHaveTheCountsOfThePaperPlusProjections(int depth, long parameters, long withoutProjections) {
        Graph graph = model("form: cifar, depth: " + depth + ", classes: 10, image: {size: 32}")
                .build();
        assertThat(graph.parameterCount()).isEqualTo(parameters);
        long projections = graph.parameters().stream()
                .filter(weight -> weight.name().contains("downsample") && weight.role() != Role.RUNNING_STAT)
                .mapToLong(Parameter::size)
                .sum();
        assertThat(parameters - projections).isEqualTo(withoutProjections);
    }

    @Test
    void stagesHalveThePixelsAndDoubleTheChannels() {
        Graph cifar = model("form: cifar, image: {size: [32, 48]}").build();
        assertThat(cifar.tensor("layer1.2.out").shape()).isEqualTo(Shape.of(32, 48, 16));
        assertThat(cifar.tensor("layer3.2.out").shape()).isEqualTo(Shape.of(8, 12, 64));
        Graph imagenet = model("depth: 50").build();
        assertThat(imagenet.tensor("layer1.0.out").shape()).isEqualTo(Shape.of(56, 56, 256));
        assertThat(imagenet.tensor("layer4.2.out").shape()).isEqualTo(Shape.of(7, 7, 2048));
    }

    @Test
    void convolutionsScaleWithFanOutAndZeroInitClearsTheLastNorm() {
        Graph graph = model("depth: 18, zero_init: true").build();
        for (Parameter weight : graph.parameters()) {
            float[] values = weight.init().values(weight.shape(), new SplittableRandom(1));
            if (weight.name().equals("layer2.0.conv1.kernel")) {
                assertThat(deviation(values)).isCloseTo(Math.sqrt(2.0 / (9 * 128)), within(1e-4));
            }
            if (weight.name().endsWith("bn2.gamma")) assertThat(values).containsOnly(0f);
            if (weight.name().endsWith("bn1.gamma")) assertThat(values).containsOnly(1f);
        }
    }

    private static double deviation(float[] values) {
        double squares = 0;
        for (float value : values) squares += (double) value * value;
        return Math.sqrt(squares / values.length);
    }

    @Test
    void unsupportedFlavorsAndDepthsAreRejected() {
        assertThatThrownBy(() -> model("flavor: community"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("flavor (community) is not supported by resnet");
        assertThatThrownBy(() -> model("form: cifar, depth: 18"))
                .hasMessage("test.yaml:1: model: depth (18) must be 6 n + 2 with form: cifar,"
                        + " for example 20, 32, 44, 56, 110");
        assertThatThrownBy(() -> model("depth: 20"))
                .hasMessageContaining("depth (20) must be one of [18, 34, 50, 101, 152] with form: imagenet");
        assertThatThrownBy(() -> model("patch_size: 4")).hasMessageContaining("unknown key 'patch_size'");
    }
}
