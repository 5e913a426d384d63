package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.io.RunException;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.Network;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainData;

/** Training by two ranks with half of each batch equals training by one. */
class RankTrainingTest {
    /** Rounding of float32 sums of two halves instead of one sum. */
    private static final double ROUNDING = 1e-5;

    /** Weights after the run, and the loss of every batch. */
    private record Trained(float[] weights, float[] buffers, List<Double> losses, TrainState state) {}

    /** 1,438 images in batches of 299: odd halves, and a last batch of 242 that is kept. */
    private static RunConfig config(String... more) {
        List<String> overrides = new ArrayList<>(List.of(
                "model.dim=16",
                "model.depth=1",
                "model.heads=2",
                "model.proj_drop=0.1",
                "train.epochs=2",
                "train.batch=299",
                "train.drop_last=false",
                "train.backend=auto",
                "train.mixup={mixup: 0.2, cutmix: 1.0, mode: elem}"));
        overrides.addAll(List.of(more));
        return RunConfig.open("digits-vit", overrides);
    }

    private static Trained train(RunConfig config, List<ProcessGroup> group, BooleanSupplier stop, float weight) {
        TrainData data = TrainData.open(config);
        var description = new ModelDescription(
                config.name(),
                config.model(),
                config.resolved(),
                data.classes(),
                config.data().preprocess(),
                Collections.emptyMap());
        // Other ranks start with other weights and receive those of the first.
        long seed = group.isEmpty() ? 0 : group.get(0).rank();
        try (Network network = Network.create(description, seed)) {
            List<Double> losses = new ArrayList<>();
            Trainer trainer = Trainer.of(network).config(config.train()).callbacks(new Callback() {
                @Override
                public void step(int step, double loss, double lr) {
                    losses.add(loss);
                }
            });
            if (weight != 0) network.parameters().trainable().putScalar(0, weight);
            group.forEach(trainer::group);
            try (TrainLoop loop = trainer.loop(
                    data.training(),
                    data.validation(),
                    data.classes(),
                    config.train().epochs())) {
                loop.share();
                loop.run(stop);
                return new Trained(
                        network.parameters().trainable().dup().data().asFloat(),
                        network.parameters().buffers().dup().data().asFloat(),
                        losses,
                        loop.state());
            }
        }
    }

    private static List<Trained> trainTogether(RunConfig config, BooleanSupplier stop, float weight) {
        var ranks = new ThreadGroupRanks(2);
        var other = CompletableFuture.supplyAsync(
                () -> train(config, List.of(ranks.rank(1)), () -> false, 0), task -> new Thread(task).start());
        try {
            return List.of(train(config, List.of(ranks.rank(0)), stop, weight), other.join());
        } finally {
            ranks.rank(0).close();
            other.exceptionally(failure -> null).join(); // the JVM must not end while the thread runs native code
        }
    }

    private static void assertSame(Trained together, Trained alone) {
        assertThat(together.losses()).hasSameSizeAs(alone.losses());
        for (int i = 0; i < alone.losses().size(); i++)
            assertThat(together.losses().get(i))
                    .as("step " + i)
                    .isCloseTo(alone.losses().get(i), within(ROUNDING));
    }

    @Test
    void lossesEqualThoseOfOneProcess() {
        String sgd = "train.optimizer={name: sgd, betas: null, lr: 0.05, momentum: 0.9, weight_decay: 0.01}";
        for (RunConfig config : List.of(config(sgd), config(sgd, "model.proj_drop=0", "train.mixup=off"))) {
            Trained alone = train(config, List.of(), () -> false, 0);
            List<Trained> together = trainTogether(config, () -> false, 0);
            assertSame(together.get(0), alone);
            assertThat(together.get(1).weights()).isEqualTo(together.get(0).weights());
            assertThat(together.get(1).losses()).isEqualTo(together.get(0).losses());
            assertThat(together.get(1).state().history())
                    .isEqualTo(together.get(0).state().history())
                    .hasSize(2);
        }
    }

    @Test
    void accumulatedStepsEqualThoseOfOneProcess() {
        RunConfig config = config("train.accumulate=2", "train.epochs=1", "train.ema={decay: 0.9}");
        assertSame(trainTogether(config, () -> false, 0).get(0), train(config, List.of(), () -> false, 0));
    }

    @Test
    void runningStatisticsAreAveragedAndTheSameInAllProcesses() {
        String[] changes = {"train.epochs=1", "train.batch=512"};
        RunConfig config = RunConfig.open("digits-cvt", List.of(changes));
        List<Trained> together = trainTogether(config, () -> false, 0);
        assertThat(together.get(0).buffers())
                .isNotEmpty()
                .isEqualTo(together.get(1).buffers());
        assertThat(together.get(0).weights()).isEqualTo(together.get(1).weights());
    }

    @Test
    void aRequestToStopEndsBothAfterTheSameStep() {
        int[] calls = {0};
        List<Trained> together = trainTogether(config(), () -> ++calls[0] == 3, 0);
        assertThat(together.get(0).state().step()).isEqualTo(3);
        assertThat(together.get(1).state().step()).isEqualTo(3);
    }

    @Test
    void aLossThatIsNotANumberEndsBoth() {
        assertThatThrownBy(() -> trainTogether(config(), () -> false, Float.NaN))
                .isInstanceOfAny(RunException.class, CompletionException.class)
                .hasMessageContaining("the loss became NaN in step 1 (epoch 1)");
    }
}
