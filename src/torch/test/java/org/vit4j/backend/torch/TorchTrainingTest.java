package org.vit4j.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.model.Network;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainData;
import org.vit4j.train.CheckpointStore;
import org.vit4j.train.TrainLoop;
import org.vit4j.train.TrainState;
import org.vit4j.train.Trainer;

/** Training whose state is on a device with memory of its own, by copies on the CPU. */
class TorchTrainingTest {

    /** Keeps the last checkpoint in memory. */
    private static final class MemoryCheckpoints implements CheckpointStore {
        private final Map<String, float[]> values = new LinkedHashMap<>();
        private TrainState state;

        @Override
        public Optional<TrainState> resume(Map<String, INDArray> arrays) {
            if (state == null) return Optional.empty();
            assertThat(arrays.keySet()).isEqualTo(values.keySet());
            arrays.forEach((name, array) ->
                    array.assign(Nd4j.createFromArray(values.get(name)).reshape('c', array.shape())));
            return Optional.of(state);
        }

        @Override
        public void save(TrainState saved, Map<String, INDArray> arrays) {
            state = saved;
            arrays.forEach(
                    (name, array) -> values.put(name, array.dup('c').data().asFloat()));
        }

        @Override
        public String recovery() {
            return "";
        }

        @Override
        public String recovery(int badFrom, boolean restartable) {
            return "";
        }
    }

    private record Outcome(Map<String, float[]> checkpoint, List<Double> losses, float[] weights) {}

    /**
     * Trains two epochs of four batches.
     *
     * @param stop number of steps after which the run is stopped and resumed; 0 if it is not
     */
    private static Outcome train(List<String> recipe, Backend backend, int stop) {
        List<String> overrides = new ArrayList<>(List.of("train.epochs=2", "train.batch=300"));
        overrides.addAll(recipe);
        RunConfig config = RunConfig.open("digits-vitae", overrides);
        TrainData data = TrainData.open(config);
        MemoryCheckpoints checkpoints = new MemoryCheckpoints();
        for (int end : stop == 0 ? new int[] {Integer.MAX_VALUE} : new int[] {stop, Integer.MAX_VALUE}) {
            try (Network network = Network.create(config.model(), 1)) {
                Trainer trainer = Trainer.of(network).config(config.train()).backend(backend);
                try (TrainLoop loop =
                        trainer.checkpoints(checkpoints).loop(data.training(), data.validation(), data.classes(), 2)) {
                    assertThat(loop.resume()).isEqualTo(end != stop && stop > 0);
                    AtomicInteger steps = new AtomicInteger();
                    if (!loop.run(() -> steps.incrementAndGet() >= end)) continue;
                    List<Double> losses = new ArrayList<>();
                    for (EpochMetrics epoch : loop.state().history()) {
                        losses.add(epoch.trainLoss());
                        losses.add(epoch.valLoss());
                        if (epoch.valEmaLoss() != null) losses.add(epoch.valEmaLoss());
                    }
                    return new Outcome(
                            checkpoints.values,
                            losses,
                            network.parameters().trainable().dup().data().asFloat());
                }
            }
        }
        throw new AssertionError("the run did not finish");
    }

    static List<List<String>> recipes() {
        return List.of(
                List.of("train.optimizer={name: lamb, lr: 0.01}", "train.ema={decay: 0.9}", "train.accumulate=2"),
                List.of("train.optimizer={name: lion, lr: 0.001}", "train.clip={mode: agc}"));
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void aDeviceWithItsOwnMemoryTrainsAndResumesExactly(List<String> recipe) {
        Outcome expected = train(recipe, Backend.TORCH, 0);
        for (int stop : new int[] {0, 2}) {
            Outcome found = train(recipe, TorchVariants.copying(), stop);
            assertThat(found.losses).isEqualTo(expected.losses);
            assertThat(found.weights).isEqualTo(expected.weights);
            assertThat(found.checkpoint.keySet()).isEqualTo(expected.checkpoint.keySet());
            expected.checkpoint.forEach((name, values) ->
                    assertThat(found.checkpoint.get(name)).as(name).isEqualTo(values));
        }
    }
}
