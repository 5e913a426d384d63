package org.vit4j.backend.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.Config;
import org.vit4j.graph.Graph;
import org.vit4j.models.Models;

/** Gradients of ResNets against finite differences of the loss; there are no golden files for them. */
class ResNetGradientTest {
    private static Graph build(String yaml) {
        Config config = Config.parse("model: {arch: resnet, classes: 3, " + yaml + "}", "test");
        return Models.builtIn()
                .read(config.root().section("model"))
                .orElseThrow()
                .build();
    }

    private static final List<String> NETWORKS = List.of(
            "form: cifar, depth: 8, width: 3, image: {size: [8, 12]}",
            "depth: 18, width: 2, image: {size: 32}",
            "depth: 50, width: 2, image: {size: 32}");

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void gradientEqualsFiniteDifferencesInTraining(int network) {
        checkGradient(build(NETWORKS.get(network)), Mode.TRAINING);
    }

    @ParameterizedTest
    @EnumSource(names = {"INFERENCE", "FINE_TUNING"})
    void gradientEqualsFiniteDifferencesWithFrozenStatistics(Mode mode) {
        checkGradient(build(NETWORKS.get(0)), mode);
    }

    private static INDArray randomArray(long seed, long... shape) {
        double[] values = new SplittableRandom(seed)
                .doubles(LongStream.of(shape).reduce(1, Math::multiplyExact), -0.5, 0.5)
                .toArray();
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    private static void checkGradient(Graph graph, Mode mode) {
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.DOUBLE);
        parameters.initialize(1);
        SameDiffGraph lowered = SameDiffLowering.lower(graph, parameters, mode);
        var image = graph.tensor("image").shape();
        INDArray images = randomArray(1, image.batched(4));
        INDArray factors = randomArray(2, 4, 3);
        var outputFactors = lowered.sd().placeHolder("factors", DataType.DOUBLE, -1, 3);
        Map<String, INDArray> inputs = Map.of("image", images, "factors", factors);
        try (SameDiffGradients gradients = new SameDiffGradients(
                lowered, lowered.output("logits").mul(outputFactors).sum(), List.of())) {
            gradients.run(inputs);
            INDArray gradient = gradients.flat().dup();
            for (var weight : graph.parameters()) {
                if (!weight.role().trainable()) continue;
                assertThat(gradients.gradientOf(weight.name()).amaxNumber().doubleValue())
                        .as(weight.name())
                        .isPositive();
            }
            INDArray direction = randomArray(3, gradient.shape());
            double step = 1e-8; // small, because ReLU is not differentiable at 0
            parameters.trainable().addi(direction.mul(step));
            double above = gradients.loss(gradients.run(inputs));
            parameters.trainable().subi(direction.mul(2 * step));
            double below = gradients.loss(gradients.run(inputs));
            double expected = (above - below) / (2 * step);
            double actual = gradient.mul(direction).sumNumber().doubleValue();
            assertThat(actual).isCloseTo(expected, within(1e-5 * Math.max(1, Math.abs(expected))));
        }
    }
}
