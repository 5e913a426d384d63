package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.io.RunException;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TestRuns;
import org.vit4j.run.TrainData;
import org.vit4j.run.TrainRun;

/** NaN during training, and loss spikes. */
class NonFiniteLocatorTest {
    @TempDir
    Path directory;

    /** Batches of noise; one has a NaN pixel. */
    private record Noise(int batches, int nanBatch) implements BatchSource {
        @Override
        public int batchesPerEpoch() {
            return batches;
        }

        @Override
        public BatchIterator epoch(int epoch, int skip) {
            List<Batch> all = new ArrayList<>();
            for (int i = skip; i < batches; i++) {
                float[] pixels = new float[4 * 32 * 32];
                SplittableRandom random = new SplittableRandom(i);
                for (int j = 0; j < pixels.length; j++) pixels[j] = (float) random.nextDouble();
                if (i == nanBatch) pixels[7] = Float.NaN;
                all.add(new Batch(4, 32, 32, 1, pixels, new int[] {0, 1, 2, 3}, new int[4]));
            }
            var iterator = all.iterator();
            return new BatchIterator() {
                @Override
                public boolean hasNext() {
                    return iterator.hasNext();
                }

                @Override
                public Batch next() {
                    return iterator.next();
                }

                @Override
                public void close() {}
            };
        }
    }

    @Test
    void theLastGoodCheckpointIsKeptAndReported() {
        RunConfig config = RunConfig.open(
                "digits-vit",
                List.of(
                        "model.dim=8",
                        "model.depth=1",
                        "model.heads=2",
                        "train.epochs=1",
                        "train.accumulate=2",
                        "train.checkpoint_steps=1"));
        List<String> classes = List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
        TrainData data = new TrainData(new Noise(10, 7), new Noise(1, -1), classes);
        // Step 4 uses batches 6 and 7; the weights after step 3 give a NaN loss, so only step 2 is good.
        assertThatThrownBy(
                        () -> TrainRun.run(config, data, directory.resolve("run"), false, TestRuns.SILENT, () -> false))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith(
                        "the loss became NaN in step 4 (epoch 1), first in the input images (image); try a lower")
                .hasMessageContaining("the last good checkpoint is "
                        + directory.resolve("run/checkpoints/step-000000002.safetensors"))
                .satisfies(failure -> assertThat(failure.getMessage().lines()).hasSize(1));
        assertThat(directory.resolve("run/checkpoints/step-000000002.safetensors"))
                .exists();
    }

    @Test
    void aSpikeIsALossFarAboveThePreviousOnes() {
        LossSpikeDetector spikes = new LossSpikeDetector(6);
        for (int i = 0; i < 30; i++) assertThat(spikes.add(2 + 0.1 * (i % 2))).isEmpty();
        assertThat(spikes.add(2.3)).isEmpty(); // five standard deviations of 0.05 above the mean 2.05
        assertThat(spikes.add(3)).isPresent();
        assertThat(spikes.add(1)).isEmpty();
        assertThat(new LossSpikeDetector(6).add(1e9)).isEmpty();
    }
}
