package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.train.TrainState;

/** Truncated, corrupt, missing and incompatible checkpoints. */
class CheckpointTest {
    private static final int OLD = 4;
    private static final int NEW = 8;

    @TempDir
    Path directory;

    private CheckpointDirectory checkpoint;

    @BeforeEach
    void saveTwoCheckpoints() {
        checkpoint = new CheckpointDirectory(directory, 3);
        save(OLD);
        save(NEW);
    }

    private void save(int step) {
        checkpoint.save(state(step), Map.of("w", Nd4j.createFromArray(step + 0.5f, -step)));
    }

    private static TrainState state(int step) {
        var epoch = new EpochMetrics(1, 1e-4, 2.25, 0.125, Double.NaN, 0.1, null, null, 1e3, 0.1);
        return new TrainState(1, 3, step, 0.1 + 0.2, 7, 96, 1.5, List.of(epoch));
    }

    private Path arrays(int step) {
        return directory.resolve(String.format(Locale.ROOT, "step-%09d.safetensors", step));
    }

    private Path manifest(int step) {
        return directory.resolve(String.format(Locale.ROOT, "step-%09d.json", step));
    }

    /** Resumes, checks the arrays, and returns the step of the checkpoint. */
    private Optional<Integer> resumed() {
        INDArray w = Nd4j.createFromArray(0f, 0f);
        Optional<TrainState> state = checkpoint.resume(Map.of("w", w));
        state.ifPresent(found -> {
            assertThat(found).isEqualTo(state(found.step()));
            assertThat(w.toFloatVector()).containsExactly(found.step() + 0.5f, -found.step());
        });
        if (state.isEmpty()) assertThat(w.toFloatVector()).containsExactly(0, 0);
        return state.map(TrainState::step);
    }

    private static void flip(Path file, int bit) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
        Files.write(file, bytes);
    }

    @Test
    void resumeUsesTheNewestCheckpoint() {
        assertThat(resumed()).contains(NEW);
    }

    @Test
    void flippedBitsInTheArraysAreDetected() throws IOException {
        int bits = 8 * (int) Files.size(arrays(NEW));
        for (int bit : new Random(1).ints(40, 0, bits).toArray()) {
            flip(arrays(NEW), bit);
            assertThat(resumed()).as("bit " + bit).contains(OLD);
            flip(arrays(NEW), bit);
        }
        assertThat(resumed()).contains(NEW);
    }

    @Test
    void flippedBitsInTheManifestAreDetectedOrHarmless() throws IOException {
        int bits = 8 * (int) Files.size(manifest(NEW));
        int flipped = 0;
        int skipped = 0;
        for (int bit = 0; bit < bits; bit += 13) {
            flip(manifest(NEW), bit);
            // Changed white space, or a changed key of the checksum, is harmless.
            Optional<Integer> step = resumed();
            assertThat(step).as("bit " + bit).isPresent();
            flipped++;
            if (step.get() == OLD) skipped++;
            flip(manifest(NEW), bit);
        }
        assertThat(skipped).isGreaterThan(flipped * 3 / 4);
    }

    @Test
    void truncatedAndEmptyFilesAreSkipped() throws IOException {
        for (Path file : List.of(arrays(NEW), manifest(NEW))) {
            byte[] content = Files.readAllBytes(file);
            for (int length : new int[] {0, 1, 7, content.length / 2, content.length - 1}) {
                Files.write(file, Arrays.copyOf(content, length));
                assertThat(resumed()).as(file + " cut to " + length).contains(OLD);
            }
            Files.write(file, content);
        }
    }

    @Test
    void incompleteCheckpointsAreSkipped() throws IOException {
        Files.delete(manifest(NEW));
        assertThat(resumed()).contains(OLD);
        Files.delete(manifest(OLD));
        assertThat(resumed()).isEmpty();
        Files.delete(arrays(OLD));
        Files.delete(arrays(NEW));
        assertThat(resumed()).isEmpty();
    }

    @Test
    void checkpointsWithMissingArraysAreSkipped() throws IOException {
        Files.delete(arrays(NEW));
        assertThat(resumed()).contains(OLD);
    }

    @Test
    void resumeFailsIfAllCheckpointsAreDamaged() throws IOException {
        flip(arrays(NEW), 900);
        flip(manifest(OLD), 100);
        assertThatThrownBy(this::resumed)
                .isInstanceOf(RunException.class)
                .hasMessageContaining(
                        arrays(NEW) + ": damaged (wrong checksum), and there is no valid checkpoint before it")
                .hasMessageContaining("start a new run without --resume");
    }

    @Test
    void aManifestOfAnotherVersionIsReportedAsSuch() throws IOException {
        new CheckpointManifest(state(NEW), CheckpointDirectory.sha256(arrays(NEW))).write(manifest(NEW));
        String text = Files.readString(manifest(NEW)).replace("\"loss_sum\"", "\"loss_total\"");
        Files.writeString(manifest(NEW), text.replaceAll(",\\s*\"checksum\" : \"[0-9a-f]+\"", ""));
        assertThatThrownBy(this::resumed)
                .isInstanceOf(RunException.class)
                .hasMessageContaining(manifest(NEW) + ": written by another version of vit4j")
                .hasMessageContaining("loss_total");
    }

    @Test
    void aCheckpointOfAnotherModelIsReportedAsSuch() {
        assertThatThrownBy(() -> checkpoint.resume(Map.of("v", Nd4j.createFromArray(0f, 0f))))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("missing array 'v'");
    }

    @Test
    void manifestsOfTheFirstReleaseAreRead() throws IOException {
        String text = Files.readString(manifest(NEW)).replaceAll(",\\s*\"checksum\" : \"[0-9a-f]+\"", "");
        Files.write(manifest(NEW), text.getBytes(StandardCharsets.UTF_8));
        assertThat(text).doesNotContain("checksum");
        assertThat(resumed()).contains(NEW);
    }

    @Test
    void aDamagedLaterCheckpointDoesNotReplaceAValidOne() throws IOException {
        checkpoint = new CheckpointDirectory(directory, 1);
        flip(arrays(NEW), 900);
        assertThat(resumed()).contains(OLD);
        save(OLD + 2);
        assertThat(directory.toFile().list())
                .containsExactlyInAnyOrder("step-000000006.safetensors", "step-000000006.json");
        assertThat(resumed()).contains(OLD + 2);
    }

    @Test
    void onlyTheNewestCheckpointsAreKept() {
        checkpoint = new CheckpointDirectory(directory, 2);
        save(12);
        assertThat(directory.toFile().list()).hasSize(4).noneMatch(name -> name.contains("000004"));
    }
}
