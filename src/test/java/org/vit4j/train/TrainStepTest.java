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
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;

/** One optimizer step: what goes into it, what it leaves alone, and where it went wrong. */
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

    private static TrainStep learner(RunConfig config) {
        return new TrainStep(config.train(), config.model().build());
    }

    private static Map<String, INDArray> batch(Graph graph, int seed) {
        Nd4j.getRandom().setSeed(seed);
        Map<String, INDArray> inputs = new HashMap<>();
        var image = graph.tensors().iterator().next();
        inputs.put(image.name(), Nd4j.randn(DataType.FLOAT, image.shape().batched(4)));
        inputs.put(TrainingLoss.TARGETS, SoftTargets.smoothed(new int[] {seed % 10, 1, 2, 3}, 10, 0));
        return inputs;
    }

    private static INDArray step(TrainStep learner, Graph graph, int... batches) {
        for (int i = 0; i < batches.length; i++) {
            learner.forwardBackward(batch(graph, batches[i]));
            learner.accumulate(i == batches.length - 1);
        }
        learner.optimizerStep(0.5, 1);
        return learner.parameters().trainable();
    }

    /** The definition: ((g1 + g2) + g3) / 3 in float, the weights as they were. */
    @Test
    void accumulatedGradientsAreSummedInOrderAndDivided() {
        RunConfig config = config("train.accumulate=3", "train.clip={mode: norm, value: 1000}");
        Graph graph = config.model().build();
        try (TrainStep one = learner(config);
                TrainStep three = learner(config)) {
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
    void frozenWeightsStayOnBothEnginesAndHaveNoGradient() {
        for (String engine : List.of("portable", "accelerated")) {
            RunConfig config = config(
                    "train.freeze=[patch_embed.*, 'blocks.0.*', pos_embed, cls_token]",
                    "train.optimizer.weight_decay=0.1",
                    "train.engine=" + engine);
            Graph graph = config.model().build();
            try (TrainStep learner = learner(config)) {
                INDArray before = learner.parameters().trainable().dup();
                step(learner, graph, 1);
                step(learner, graph, 2);
                learner.forwardBackward(batch(graph, 3));
                learner.parameters().offsets().forEach((name, from) -> {
                    var shape = learner.parameters().parameter(name).shape();
                    INDArray was = ParameterStore.view(before, from, shape);
                    INDArray gradient = ParameterStore.view(learner.lastGradient(), from, shape);
                    boolean same = was.equalsWithEps(learner.parameters().array(name), 0);
                    boolean frozen =
                            !name.startsWith("blocks.1") && !name.startsWith("norm") && !name.startsWith("head");
                    if (frozen)
                        assertThat(gradient.amaxNumber().doubleValue()).as(name).isZero();
                    assertThat(same).as(engine + " " + name).isEqualTo(frozen);
                });
            }
        }
    }

    /** What the optimizer left in the gradient's place must not come back where the loss says nothing. */
    @Test
    void theGradientOfAHeadThatLearnsNothingStaysZero() {
        for (String engine : List.of("portable", "accelerated")) {
            RunConfig config = RunConfig.open(
                    "digits-deit",
                    List.of(
                            "model.dim=8",
                            "model.depth=1",
                            "model.heads=2",
                            "model.distilled=true",
                            "train.optimizer={name: sgd, betas: null, lr: 0.5, weight_decay: 0.1}",
                            "train.engine=" + engine));
            Graph graph = config.model().build();
            try (TrainStep learner = learner(config)) {
                step(learner, graph, 1);
                learner.forwardBackward(batch(graph, 2));
                long from = learner.parameters().offsets().get("head_dist.kernel");
                var shape = learner.parameters().parameter("head_dist.kernel").shape();
                assertThat(ParameterStore.view(learner.lastGradient(), from, shape)
                                .amaxNumber()
                                .doubleValue())
                        .as(engine)
                        .isZero();
            }
        }
    }

    @Test
    void theAverageFollowsWeightsAndStatistics() {
        RunConfig config = RunConfig.open(
                "digits-ceit", List.of("model.dim=16", "model.depth=1", "train.ema={decay: 0.9, warmup: true}"));
        Graph graph = config.model().build();
        try (TrainStep learner = learner(config)) {
            ParameterStore live = learner.parameters();
            ParameterStore average = learner.average().orElseThrow();
            step(learner, graph, 1);
            assertThat(average.trainable()).isEqualTo(live.trainable());
            INDArray weights = live.trainable().dup();
            INDArray statistics = live.buffers().dup();
            learner.forwardBackward(batch(graph, 2));
            learner.accumulate(true);
            learner.optimizerStep(0.5, 2);
            double decay = 1 - Math.pow(2, -2.0 / 3);
            INDArray expected = weights.mul(decay).addi(live.trainable().mul(1 - decay));
            assertThat(average.trainable().equalsWithEps(expected, 1e-6)).isTrue();
            INDArray kept = statistics.mul(decay).addi(live.buffers().mul(1 - decay));
            assertThat(average.buffers().equalsWithEps(kept, 1e-6)).isTrue();
            assertThat(average.buffers().equalsWithEps(live.buffers(), 1e-4)).isFalse();
        }
    }

    @Test
    void theAverageWarmsUpAsInTimm() {
        EmaConfig plain = new EmaConfig(0.999, false, 0, 1, 2.0 / 3, 10);
        assertThat(plain.at(11)).isZero();
        assertThat(plain.at(12)).isEqualTo(0.999);
        EmaConfig warm = new EmaConfig(0.99, true, 0.2, 2, 0.75, 0);
        assertThat(warm.at(1)).isZero();
        assertThat(warm.at(2)).isCloseTo(1 - Math.pow(1.5, -0.75), within(1e-15));
        assertThat(new EmaConfig(0.99, true, 0.5, 2, 0.75, 0).at(2)).isEqualTo(0.5);
        assertThat(warm.at(100_000)).isEqualTo(0.99);
    }

    @Test
    void theLayerWhereALossWentWrongIsNamed() {
        for (String engine : List.of("train.engine=portable", "train.engine=accelerated")) {
            RunConfig config = config(engine);
            Graph graph = config.model().build();
            try (TrainStep learner = learner(config)) {
                learner.parameters().array("blocks.1.mlp.fc1.bias").putScalar(0, Float.NaN);
                Map<String, INDArray> inputs = batch(graph, 1);
                learner.forwardBackward(inputs);
                assertThat(learner.isFinite()).isFalse();
                assertThat(learner.locateNonFinite(inputs))
                        .isEqualTo(
                                "in blocks.1.mlp.fc1, whose weight blocks.1.mlp.fc1.bias the step before had spoilt");
            }
            try (TrainStep learner = learner(config)) {
                Map<String, INDArray> inputs = batch(graph, 1);
                inputs.get("image").putScalar(new int[] {2, 0, 0, 0}, Float.POSITIVE_INFINITY);
                learner.forwardBackward(inputs);
                assertThat(learner.locateNonFinite(inputs)).isEqualTo("in the pictures (image)");
            }
        }
    }

    @Test
    void theWeightWhereAGradientWentWrongIsNamed() {
        RunConfig config = config();
        Graph graph = config.model().build();
        try (TrainStep learner = learner(config)) {
            Map<String, INDArray> inputs = batch(graph, 1);
            learner.forwardBackward(inputs);
            Map<String, Long> offsets = learner.parameters().offsets();
            learner.lastGradient().putScalar(offsets.get("blocks.0.attn.qkv.kernel"), Float.NaN);
            learner.lastGradient().putScalar(offsets.get("blocks.1.norm1.gamma") + 1, Float.NEGATIVE_INFINITY);
            assertThat(learner.locateNonFinite(inputs)).isEqualTo("by blocks.1.norm1.gamma");
        }
    }

    @Test
    void aGradientTooLargeForItsNormIsTrouble() {
        RunConfig config = config();
        Graph graph = config.model().build();
        try (TrainStep learner = learner(config)) {
            learner.parameters().array("norm.gamma").assign(1e30);
            learner.parameters().array("head.kernel").muli(1e-30);
            Map<String, INDArray> inputs = batch(graph, 1);
            assertThat(learner.forwardBackward(inputs)).isFinite();
            assertThat(learner.isFinite()).isFalse();
            assertThat(learner.locateNonFinite(inputs)).startsWith("by all weights together");
        }
    }
}
