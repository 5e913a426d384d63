package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.backend.TestBackends;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.analysis.MemoryEstimate;
import org.vit4j.run.RunConfig;

class MemoryEstimateTest {
    private static final long GB = 1 << 30;

    @Test
    void modelsThatDoNotFitAreRejectedWithTheEstimate() {
        Graph graph =
                RunConfig.open("vit_gigantic_patch14_224", List.of()).model().graph();
        MemoryEstimate estimate = MemoryEstimate.of(graph, 64, 2);
        // 1.84 G parameters, four arrays of four bytes each.
        assertThat(estimate.weights()).isEqualTo(16 * graph.parameterCount()).isBetween(27 * GB, 28 * GB);
        assertThatThrownBy(() -> MemoryCheck.check(estimate, "big.yaml", 64, 24 * GB))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith("big.yaml: training with train.batch=64 needs about ")
                .hasMessageEndingWith("24.0 GB are available; use a smaller variant");
        assertThatThrownBy(() -> MemoryCheck.check(estimate, "big.yaml", 64, 40 * GB))
                .hasMessageEndingWith("lower train.batch");
        assertThatCode(() -> MemoryCheck.check(estimate, "big.yaml", 64, 4000 * GB))
                .doesNotThrowAnyException();
    }

    @Test
    void estimatesThatDoNotFitALongAreRejectedToo() {
        Graph graph = RunConfig.open("digits-vit", List.of("model.image.size=100000"))
                .model()
                .graph();
        MemoryEstimate estimate = MemoryEstimate.of(graph, 32, 2);
        assertThat(estimate.bytes()).isEqualTo(Long.MAX_VALUE);
        assertThatThrownBy(() -> MemoryCheck.check(estimate, "big.yaml", 32, 24 * GB))
                .isInstanceOf(ConfigError.class)
                .hasMessageEndingWith("24.0 GB are available; use a smaller variant");
    }

    /** Compares the estimate with the memory of a planned step. */
    @Test
    @RequiresOneDnn
    void theEstimateIsCloseToTheMemoryOfAStep() {
        Graph graph = RunConfig.open("digits-vit", List.of()).model().graph();
        double estimate = MemoryEstimate.of(graph, 32, 2).activations();
        assertThat(bytesOfAStep(Backend.ONEDNN) / estimate).isBetween(0.5, 1.5);
    }

    @Test
    @RequiresOneDnn
    void theEstimateOfMixedPrecisionIsCloseToTheMemoryOfAStep() {
        Backend bf16 = TestBackends.bf16();
        Graph graph = RunConfig.open("digits-vit", List.of()).model().graph();
        MemoryEstimate floats = MemoryEstimate.of(graph, 32, 2);
        MemoryEstimate mixed = MemoryEstimate.ofMixedPrecision(graph, 32, 2);
        assertThat(mixed.weights()).isEqualTo(floats.weights() / 16 * 18);
        assertThat((double) mixed.activations() / floats.activations()).isBetween(0.5, 0.7);
        double expected = mixed.activations() + mixed.weights() - floats.weights();
        assertThat(bytesOfAStep(bf16) / expected).isBetween(0.5, 1.5);
    }

    private static double bytesOfAStep(Backend backend) {
        RunConfig config = RunConfig.open("digits-vit", List.of());
        Graph graph = config.model().graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        var spec = new GradientStep.GradientSpec(
                network -> TrainingLoss.loss(
                        network, config.train().loss(), config.train().distill()),
                List.of());
        try (GradientStep step = backend.step(graph, parameters, Mode.TRAINING, spec)) {
            INDArray images = Nd4j.randn(DataType.FLOAT, graph.input().shape().batched(32));
            step.run(Map.of("image", images, TrainingLoss.TARGETS, SoftTargets.smoothed(new int[32], 10, 0)));
            return step.bytes();
        }
    }

    @Test
    void optimizerAndAverageArraysAreCounted() {
        assertThat(arrays("name: adamw")).isEqualTo(2);
        assertThat(arrays("name: sgd")).isEqualTo(1);
        assertThat(arrays("name: lion")).isEqualTo(2);
        assertThat(arrays("name: lamb", "train.accumulate=4")).isEqualTo(3);
        assertThat(arrays("name: sgd", "train.ema={decay: 0.9}", "train.accumulate=2"))
                .isEqualTo(3);
    }

    private static int arrays(String optimizer, String... more) {
        List<String> overrides = new ArrayList<>(List.of(more));
        overrides.add("train.optimizer={" + optimizer + "}");
        return RunConfig.open("vit_tiny_patch16_224", overrides).train().arrayCount();
    }

    /**
     * The backward pass of frozen parameters is skipped: less than half of the operations remain, not counting zero
     * fills.
     */
    @Test
    void frozenBlocksHaveNoBackwardPass() {
        for (Backend backend : TestBackends.available()) {
            if (backend == Backend.TORCH) continue; // its profile has the backward pass as one operation
            assertThat(operations(backend, true)).as(backend.configName()).isLessThan(operations(backend, false) / 2);
        }
    }

    private static long operations(Backend backend, boolean headOnly) {
        RunConfig config = RunConfig.open("digits-vit", List.of());
        Graph graph = config.model().graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        Set<String> frozen = new HashSet<>(headOnly ? parameters.offsets().keySet() : Set.of());
        frozen.removeAll(Set.of("head.kernel", "head.bias"));
        var spec = new GradientStep.GradientSpec(
                network -> TrainingLoss.loss(
                        network, config.train().loss(), config.train().distill()),
                List.of(),
                List.of(),
                frozen);
        try (GradientStep step = backend.step(graph, parameters, Mode.TRAINING, spec)) {
            INDArray images = Nd4j.randn(DataType.FLOAT, graph.input().shape().batched(8));
            Map<String, INDArray> inputs =
                    Map.of("image", images, TrainingLoss.TARGETS, SoftTargets.smoothed(new int[8], 10, 0));
            step.run(inputs);
            assertThat(step.gradientOf("head.kernel").norm2Number().doubleValue())
                    .isPositive();
            return step.profile(inputs, 1).stream()
                    .filter(op -> !op.op().startsWith("zero"))
                    .mapToLong(OpTime::count)
                    .sum();
        }
    }
}
