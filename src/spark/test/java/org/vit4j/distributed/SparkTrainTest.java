package org.vit4j.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.ParameterStore;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainRun;
import org.vit4j.train.GradientRequest;
import org.vit4j.train.GradientShard;

/** Training on two executors with half of each batch equals training in one process. */
class SparkTrainTest {
    private static final int STEPS = 50;

    /** Rounding of float32 sums of two halves instead of one sum, over 50 steps. */
    private static final double ROUNDING = 1e-5;

    private final SparkSession spark = LocalCluster.shared();

    @TempDir
    Path directory;

    /** 1,438 images in batches of 63: odd halves, and a last batch of 52 that is kept. */
    private static RunConfig config(String... more) {
        List<String> overrides = new ArrayList<>(List.of(
                "model.dim=16",
                "model.depth=2",
                "model.heads=2",
                "model.proj_drop=0.1",
                "train.epochs=3",
                "train.batch=63",
                "train.drop_last=false",
                "train.mixup={mixup: 0.2, cutmix: 1.0, mode: elem}"));
        overrides.addAll(List.of(more));
        return RunConfig.open("digits-vit", overrides);
    }

    private CapturedLosses train(RunConfig config) {
        CapturedLosses captured = new CapturedLosses(STEPS);
        TrainRun.run(config, directory.resolve("alone"), false, captured, captured);
        return captured;
    }

    private CapturedLosses trainDistributed(RunConfig config) {
        CapturedLosses captured = new CapturedLosses(STEPS);
        SparkCluster.train(spark, config, directory.resolve("together"), false, captured, captured);
        return captured;
    }

    private Map<String, SafeTensors.NamedValues> arrays(String run) {
        return SafeTensors.read(
                directory.resolve(run).resolve(String.format(Locale.ROOT, "checkpoints/step-%09d.safetensors", STEPS)));
    }

    private static void assertSameLosses(CapturedLosses alone, CapturedLosses together) {
        assertThat(together.images).isEqualTo(alone.images);
        assertThat(together.losses).hasSameSizeAs(alone.losses);
        for (int i = 0; i < alone.losses.size(); i++) {
            assertThat(together.losses.get(i)).as("batch " + i).isCloseTo(alone.losses.get(i), within(ROUNDING));
        }
    }

    @Test
    void sgdLossesAndWeightsEqualThoseOfOneProcess() {
        RunConfig config =
                config("train.optimizer={name: sgd, betas: null, lr: 0.05, momentum: 0.9, weight_decay: 0.01}");
        CapturedLosses alone = train(config);
        CapturedLosses together = trainDistributed(config);
        assertThat(together.losses).hasSize(STEPS);
        assertThat(together.images.subList(0, 23)).endsWith(52L).contains(63L);
        assertThat(together.seen.get(22)).as("images of an epoch").isEqualTo(1438);
        assertSameLosses(alone, together);
        Map<String, SafeTensors.NamedValues> expected = arrays("alone");
        arrays("together")
                .forEach((name, array) -> assertThat(array.values())
                        .as(name)
                        .containsExactly(expected.get(name).values(), within((float) ROUNDING)));
    }

    @Test
    void adamLossesWithAccumulationEqualThoseOfOneProcess() {
        RunConfig config =
                config("train.accumulate=2", "train.distributed={executors: 2, sync_every: 2}", "train.epochs=5");
        assertSameLosses(train(config), trainDistributed(config));
    }

    @Test
    void bothExchangesGiveTheSameBits() {
        RunConfig config = config();
        var spark = JavaSparkContext.fromSparkContext(this.spark.sparkContext());
        WorkerBroadcast broadcast =
                new WorkerBroadcast(config, List.of(), run -> run.data().open().train());
        ParameterStore start = new ParameterStore(config.model().graph().parameters(), DataType.FLOAT);
        start.initialize(1);
        List<GradientShard> shards = new ArrayList<>();
        for (Exchange exchange : Exchange.values()) {
            try (SparkWorkers workers = new SparkWorkers(spark, broadcast, 3, exchange)) {
                GradientRequest request = new GradientRequest(1, 4, 2);
                shards.add(workers.compute(
                        start.trainable().toFloatVector(), start.buffers().toFloatVector(), request));
            }
        }
        assertThat(shards.get(1).gradient()).containsExactly(shards.get(0).gradient());
        assertThat(shards.get(1).losses()).containsExactly(shards.get(0).losses());
        assertThat(shards.get(1).images()).containsExactly(63, 63);
    }
}
