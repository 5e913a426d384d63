package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.TestBackends;
import org.vit4j.graph.Graph;
import org.vit4j.optim.EmaConfig;
import org.vit4j.run.RunConfig;

/** Gradient accumulation, frozen parameters, moving average, and location of NaN and infinite values. */
class TrainStepTest {
    private static final List<String> TINY = List.of(
            "model.dim=8",
            "model.depth=2",
            "model.heads=2",
            "train.optimizer={name: sgd, betas: null, lr: 0.5, momentum: 0, weight_decay: 0}");

    private static RunConfig config(String... more) {
        List<String> overrides = new ArrayList<>(TINY);
        overrides.addAll(List.of(more));
        return RunConfig.open("digits-vit", overrides);
    }

    private static TrainStep trainStep(RunConfig config) {
        return new TrainStep(config.train(), config.model().graph(), InitialWeights.of(config));
    }

    private static Map<String, INDArray> batch(Graph graph, int seed) {
        Nd4j.getRandom().setSeed(seed);
        Map<String, INDArray> inputs = new HashMap<>();
        var image = graph.tensors().iterator().next();
        inputs.put(image.name(), Nd4j.randn(DataType.FLOAT, image.shape().batched(4)));
        inputs.put(TrainingLoss.TARGETS, SoftTargets.smoothed(new int[] {seed % 10, 1, 2, 3}, 10, 0));
        return inputs;
    }

    private static INDArray step(TrainStep trainStep, Graph graph, int... batches) {
        for (int i = 0; i < batches.length; i++) {
            trainStep.forwardBackward(batch(graph, batches[i]));
            trainStep.accumulate(i == batches.length - 1);
        }
        trainStep.optimizerStep(0.5, 1);
        return trainStep.parameters().trainable();
    }

    /** The expected gradient is ((g1 + g2) + g3) / 3 in float, with the initial weights. */
    @Test
    void accumulatedGradientsAreSummedInOrderAndDivided() {
        RunConfig config = config("train.accumulate=3", "train.clip={mode: norm, value: 1000}");
        Graph graph = config.model().graph();
        try (TrainStep one = trainStep(config);
                TrainStep three = trainStep(config)) {
            INDArray start = one.parameters().trainable().dup();
            INDArray sum = null;
            for (int batch = 1; batch <= 3; batch++) {
                one.forwardBackward(batch(graph, batch));
                INDArray gradient = one.lastGradient().dup();
                sum = sum == null ? gradient : sum.addi(gradient);
            }
            INDArray expected = start.sub(sum.divi(3).muli(0.5));
            assertThat(step(three, graph, 1, 2, 3).toFloatVector()).containsExactly(expected.toFloatVector());
        }
    }

    @Test
    void frozenParametersHaveNoGradientAndNoUpdateOnBothBackends() {
        for (Backend backend : TestBackends.available()) {
            RunConfig config = config(
                    "train.freeze=[patch_embed.*, 'blocks.0.*', pos_embed, cls_token]",
                    "train.optimizer.weight_decay=0.1",
                    "train.backend=" + backend.configName());
            Graph graph = config.model().graph();
            try (TrainStep trainStep = trainStep(config)) {
                INDArray before = trainStep.parameters().trainable().dup();
                step(trainStep, graph, 1);
                step(trainStep, graph, 2);
                trainStep.forwardBackward(batch(graph, 3));
                trainStep.parameters().offsets().forEach((name, from) -> {
                    var shape = trainStep.parameters().parameter(name).shape();
                    INDArray initial = ParameterStore.view(before, from, shape);
                    INDArray gradient = ParameterStore.view(trainStep.lastGradient(), from, shape);
                    boolean unchanged =
                            initial.equalsWithEps(trainStep.parameters().array(name), 0);
                    boolean frozen =
                            !name.startsWith("blocks.1") && !name.startsWith("norm") && !name.startsWith("head");
                    if (frozen)
                        assertThat(gradient.amaxNumber().doubleValue()).as(name).isZero();
                    assertThat(unchanged).as(backend + " " + name).isEqualTo(frozen);
                });
            }
        }
    }

    /** The optimizer overwrites the gradient array; entries that the loss does not depend on must be zeroed again. */
    @Test
    void theGradientOfAnUnusedHeadStaysZero() {
        for (Backend backend : TestBackends.available()) {
            RunConfig config = RunConfig.open(
                    "digits-deit",
                    List.of(
                            "model.dim=8",
                            "model.depth=1",
                            "model.heads=2",
                            "model.distilled=true",
                            "train.optimizer={name: sgd, betas: null, lr: 0.5, weight_decay: 0.1}",
                            "train.backend=" + backend.configName()));
            Graph graph = config.model().graph();
            try (TrainStep trainStep = trainStep(config)) {
                step(trainStep, graph, 1);
                trainStep.forwardBackward(batch(graph, 2));
                long from = trainStep.parameters().offsets().get("head_dist.kernel");
                var shape = trainStep.parameters().parameter("head_dist.kernel").shape();
                assertThat(ParameterStore.view(trainStep.lastGradient(), from, shape)
                                .amaxNumber()
                                .doubleValue())
                        .as(backend.configName())
                        .isZero();
            }
        }
    }

    @Test
    void theAverageIncludesParametersAndBuffers() {
        RunConfig config = RunConfig.open(
                "digits-ceit", List.of("model.dim=16", "model.depth=1", "train.ema={decay: 0.9, warmup: true}"));
        Graph graph = config.model().graph();
        try (TrainStep trainStep = trainStep(config)) {
            ParameterStore live = trainStep.parameters();
            ParameterStore average = trainStep.average().orElseThrow();
            step(trainStep, graph, 1);
            assertThat(average.trainable()).isEqualTo(live.trainable());
            INDArray weights = live.trainable().dup();
            INDArray statistics = live.buffers().dup();
            trainStep.forwardBackward(batch(graph, 2));
            trainStep.accumulate(true);
            trainStep.optimizerStep(0.5, 2);
            double decay = 1 - Math.pow(2, -2.0 / 3);
            INDArray expected = weights.mul(decay).addi(live.trainable().mul(1 - decay));
            assertThat(average.trainable().equalsWithEps(expected, 1e-6)).isTrue();
            INDArray expectedBuffers = statistics.mul(decay).addi(live.buffers().mul(1 - decay));
            assertThat(average.buffers().equalsWithEps(expectedBuffers, 1e-6)).isTrue();
            assertThat(average.buffers().equalsWithEps(live.buffers(), 1e-4)).isFalse();
        }
    }

    @Test
    void theAverageWarmUpEqualsTimm() {
        EmaConfig plain = new EmaConfig(0.999, false, 0, 1, 2.0 / 3, 10);
        assertThat(plain.decayAt(11)).isZero();
        assertThat(plain.decayAt(12)).isEqualTo(0.999);
        EmaConfig warm = new EmaConfig(0.99, true, 0.2, 2, 0.75, 0);
        assertThat(warm.decayAt(1)).isZero();
        assertThat(warm.decayAt(2)).isCloseTo(1 - Math.pow(1.5, -0.75), within(1e-15));
        assertThat(new EmaConfig(0.99, true, 0.5, 2, 0.75, 0).decayAt(2)).isEqualTo(0.5);
        assertThat(warm.decayAt(100_000)).isEqualTo(0.99);
    }

    @Test
    void theFirstLayerWithANanIsReported() {
        for (Backend backend : TestBackends.available()) {
            RunConfig config = config("train.backend=" + backend.configName());
            Graph graph = config.model().graph();
            try (TrainStep trainStep = trainStep(config)) {
                trainStep.parameters().array("blocks.1.mlp.fc1.bias").putScalar(0, Float.NaN);
                Map<String, INDArray> inputs = batch(graph, 1);
                trainStep.forwardBackward(inputs);
                assertThat(trainStep.isFinite()).isFalse();
                assertThat(trainStep.locateNonFinite(inputs))
                        .isEqualTo("in blocks.1.mlp.fc1, whose parameter blocks.1.mlp.fc1.bias is NaN or infinite since"
                                + " the previous step");
            }
            try (TrainStep trainStep = trainStep(config)) {
                Map<String, INDArray> inputs = batch(graph, 1);
                inputs.get("image").putScalar(new int[] {2, 0, 0, 0}, Float.POSITIVE_INFINITY);
                trainStep.forwardBackward(inputs);
                assertThat(trainStep.locateNonFinite(inputs)).isEqualTo("in the input images (image)");
            }
        }
    }

    @Test
    void theFirstParameterWithANanGradientIsReported() {
        RunConfig config = config();
        Graph graph = config.model().graph();
        try (TrainStep trainStep = trainStep(config)) {
            Map<String, INDArray> inputs = batch(graph, 1);
            trainStep.forwardBackward(inputs);
            Map<String, Long> offsets = trainStep.parameters().offsets();
            trainStep.lastGradient().putScalar(offsets.get("blocks.0.attn.qkv.kernel"), Float.NaN);
            trainStep.lastGradient().putScalar(offsets.get("blocks.1.norm1.gamma") + 1, Float.NEGATIVE_INFINITY);
            assertThat(trainStep.locateNonFinite(inputs)).isEqualTo("in the gradient of blocks.1.norm1.gamma");
        }
    }

    @Test
    void anOverflowOfTheGradientNormIsReported() {
        RunConfig config = config();
        Graph graph = config.model().graph();
        try (TrainStep trainStep = trainStep(config)) {
            trainStep.parameters().array("norm.gamma").assign(1e30);
            trainStep.parameters().array("head.kernel").muli(1e-30);
            Map<String, INDArray> inputs = batch(graph, 1);
            assertThat(trainStep.forwardBackward(inputs)).isFinite();
            assertThat(trainStep.isFinite()).isFalse();
            assertThat(trainStep.locateNonFinite(inputs)).startsWith("in the gradient norm");
        }
    }
}
