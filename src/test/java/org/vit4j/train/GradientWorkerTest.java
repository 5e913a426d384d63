package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainData;
import org.vit4j.run.TrainRun;

/** The sum over the shards of a batch equals the full batch: images, mixing and masks do not depend on the sharding. */
class GradientWorkerTest {
    private static final String SGD =
            "train.optimizer={name: sgd, betas: null, lr: 0.05, momentum: 0, weight_decay: 0}";

    private static RunConfig config(String base, String... more) {
        List<String> overrides = new ArrayList<>(
                List.of("model.dim=16", "model.depth=1", "model.heads=2", "train.batch=31", "train.epochs=2", SGD));
        overrides.addAll(List.of(more));
        return RunConfig.open(base, overrides);
    }

    /** Sum over {@code parts} shards, with initial weights. */
    private static GradientShard compute(RunConfig config, GradientRequest request, int parts) {
        DatasetSplits split = config.data().open();
        ParameterStore start = InitialWeights.of(config);
        float[] trainable = start.trainable().toFloatVector();
        float[] buffers = start.buffers().toFloatVector();
        GradientShard sum = null;
        // One worker computes all shards: earlier requests must not affect the result.
        try (GradientWorker worker = TrainRun.worker(config, split.train())) {
            for (int part = 0; part < parts; part++) {
                GradientShard own = worker.compute(trainable, buffers, request, part, parts);
                sum = sum == null ? own : sum.add(own);
            }
        }
        return sum;
    }

    private static void assertClose(GradientShard actual, GradientShard expected, double rounding) {
        assertThat(actual.gradient()).containsExactly(expected.gradient(), within((float) rounding));
        assertThat(actual.losses()).containsExactly(expected.losses(), within(rounding));
        assertThat(actual.correct()).isEqualTo(expected.correct());
        assertThat(actual.images()).isEqualTo(expected.images());
    }

    @Test
    void theSumOverShardsEqualsTheFullBatchForAnyNumberOfShards() {
        RunConfig config = config(
                "digits-vit",
                "model.depth=2",
                "model.drop_path=0.3",
                "model.proj_drop=0.2",
                "train.drop_last=false",
                "train.mixup={mixup: 0.8, cutmix: 1.0, mode: elem}");
        // 1,438 images: batch 46 of 0..46 has 12.
        GradientRequest request = new GradientRequest(1, 45, 2);
        GradientShard fullBatch = compute(config, request, 1);
        assertThat(fullBatch.images()).containsExactly(31, 12);
        for (int parts : new int[] {2, 3, 8}) assertClose(compute(config, request, parts), fullBatch, 2e-6);
    }

    @Test
    void oneShardEqualsALocalTrainStep() {
        RunConfig config = config("digits-vit", "model.proj_drop=0.2", "train.mixup={mixup: 0.8}");
        List<Double> losses = new ArrayList<>();
        var run = TrainData.open(config);
        try (TrainStep trainStep = new TrainStep(config.train(), config.model().graph(), InitialWeights.of(config))) {
            BatchInputs batchInputs = new BatchInputs(
                    config.train(), config.model().graph(), 10, Optional.empty(), trainStep.masks(), Optional.empty());
            GradientShard one = compute(config, new GradientRequest(0, 0, 1), 1);
            try (GradientSource local =
                    GradientSource.local(config.train(), trainStep, batchInputs, run.training(), 0, 0)) {
                local.next(0, 1).forEach(result -> losses.add(result.loss()));
            }
            assertThat(one.gradient()).containsExactly(trainStep.lastGradient().toFloatVector());
            assertThat(one.losses()).containsExactly(losses.get(0));
        }
    }

    @Test
    void shardsMayBeEmpty() {
        RunConfig config = config("digits-vit", "train.batch=3");
        assertClose(
                compute(config, new GradientRequest(0, 4, 1), 5),
                compute(config, new GradientRequest(0, 4, 1), 1),
                2e-6);
    }

    /** Each shard normalizes with its own statistics; the running statistics change by their average. */
    @Test
    void batchNormStatisticsAreAveragedByImages() {
        RunConfig config = config("digits-ceit", "train.batch=6");
        GradientRequest request = new GradientRequest(0, 0, 1);
        GradientShard both = compute(config, request, 2);
        double largest = 0;
        for (float change : both.buffers()) largest = Math.max(largest, Math.abs(change));
        assertThat(largest).isGreaterThan(1e-3);
        GradientShard fullBatch = compute(config, request, 1);
        // The input of the first batch norm is the same: the mean of two means of three images is the mean of six.
        ParameterStore layout =
                new ParameterStore(config.model().graph().parameters(), org.nd4j.linalg.factory.Nd4j.dataType());
        String first = layout.parameters().stream()
                .map(weight -> weight.name())
                .filter(name -> name.endsWith("mean"))
                .findFirst()
                .orElseThrow();
        for (int i = 0; i < layout.array(first).length(); i++) {
            assertThat((double) both.buffers()[i]).isCloseTo(fullBatch.buffers()[i], within(1e-6));
        }
    }

    @Test
    void syncEveryMustDivideAccumulate() {
        assertThatThrownBy(() -> config("digits-vit", "train.accumulate=4", "train.distributed={sync_every: 3}"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("distributed.sync_every (3) must divide accumulate (4)");
        assertThatThrownBy(() -> config("digits-vit", "train.distributed={executors: 0}"))
                .hasMessageContaining("train.distributed: executors (0) must be at least 1");
        RunConfig config =
                config("digits-vit", "train.accumulate=4", "train.distributed={sync_every: 2, executors: 3}");
        assertThat(config.train().syncEvery()).isEqualTo(2);
        assertThat(config.train().distributed().executors()).hasValue(3);
        assertThat(config("digits-vit", "train.accumulate=4").train().syncEvery())
                .isEqualTo(4);
    }
}
