package org.vit4j.train;

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

/** What becomes of checkpoints that were torn, flipped, lost or written by somebody else. */
class CheckpointTest {
    private static final int OLD = 4;
    private static final int NEW = 8;

    @TempDir
    Path directory;

    private CheckpointDirectory checkpoint;

    @BeforeEach
    void twoOfThem() {
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

    private Path note(int step) {
        return directory.resolve(String.format(Locale.ROOT, "step-%09d.json", step));
    }

    /** The step that resuming comes to, and whether the arrays are that step's. */
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
    void theNewestIsTaken() {
        assertThat(resumed()).contains(NEW);
    }

    @Test
    void anyFlippedBitOfTheArraysIsSeen() throws IOException {
        int bits = 8 * (int) Files.size(arrays(NEW));
        for (int bit : new Random(1).ints(40, 0, bits).toArray()) {
            flip(arrays(NEW), bit);
            assertThat(resumed()).as("bit " + bit).contains(OLD);
            flip(arrays(NEW), bit);
        }
        assertThat(resumed()).contains(NEW);
    }

    @Test
    void anyFlippedBitOfTheNoteIsSeenOrMeansTheSame() throws IOException {
        int bits = 8 * (int) Files.size(note(NEW));
        int flipped = 0;
        int passedOver = 0;
        for (int bit = 0; bit < bits; bit += 13) {
            flip(note(NEW), bit);
            // Where white space became other white space, or a letter of the checksum's own key changed, nothing is
            // lost.
            Optional<Integer> step = resumed();
            assertThat(step).as("bit " + bit).isPresent();
            flipped++;
            if (step.get() == OLD) passedOver++;
            flip(note(NEW), bit);
        }
        assertThat(passedOver).isGreaterThan(flipped * 3 / 4);
    }

    @Test
    void truncatedAndEmptyFilesArePassedOver() throws IOException {
        for (Path file : List.of(arrays(NEW), note(NEW))) {
            byte[] whole = Files.readAllBytes(file);
            for (int length : new int[] {0, 1, 7, whole.length / 2, whole.length - 1}) {
                Files.write(file, Arrays.copyOf(whole, length));
                assertThat(resumed()).as(file + " cut to " + length).contains(OLD);
            }
            Files.write(file, whole);
        }
    }

    @Test
    void whatWasNeverFinishedIsPassedOver() throws IOException {
        Files.delete(note(NEW));
        assertThat(resumed()).contains(OLD);
        Files.delete(note(OLD));
        assertThat(resumed()).isEmpty();
        Files.delete(arrays(OLD));
        Files.delete(arrays(NEW));
        assertThat(resumed()).isEmpty();
    }

    @Test
    void lostArraysArePassedOver() throws IOException {
        Files.delete(arrays(NEW));
        assertThat(resumed()).contains(OLD);
    }

    @Test
    void whenNoneIsWholeNothingIsStartedOverThem() throws IOException {
        flip(arrays(NEW), 900);
        flip(note(OLD), 100);
        assertThatThrownBy(this::resumed)
                .isInstanceOf(RunException.class)
                .hasMessageContaining(arrays(NEW) + ": damaged (wrong checksum), and none before it is whole")
                .hasMessageContaining("start anew without --resume");
    }

    @Test
    void anotherVersionsIsNotTakenForDamaged() throws IOException {
        new CheckpointManifest(state(NEW), CheckpointDirectory.sha256(arrays(NEW))).write(note(NEW));
        String text = Files.readString(note(NEW)).replace("\"loss_sum\"", "\"loss_total\"");
        Files.writeString(note(NEW), text.replaceAll(",\\s*\"checksum\" : \"[0-9a-f]+\"", ""));
        assertThatThrownBy(this::resumed)
                .isInstanceOf(RunException.class)
                .hasMessageContaining(note(NEW) + ": written by another version of vit4j")
                .hasMessageContaining("loss_total");
    }

    @Test
    void anotherModelsIsNotTakenForDamaged() {
        assertThatThrownBy(() -> checkpoint.resume(Map.of("v", Nd4j.createFromArray(0f, 0f))))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("has no 'v'");
    }

    @Test
    void theFirstReleasesNotesAreStillRead() throws IOException {
        String text = Files.readString(note(NEW)).replaceAll(",\\s*\"checksum\" : \"[0-9a-f]+\"", "");
        Files.write(note(NEW), text.getBytes(StandardCharsets.UTF_8));
        assertThat(text).doesNotContain("checksum");
        assertThat(resumed()).contains(NEW);
    }

    @Test
    void aDamagedOneAheadIsNotKeptInPlaceOfAGoodOne() throws IOException {
        checkpoint = new CheckpointDirectory(directory, 1);
        flip(arrays(NEW), 900);
        assertThat(resumed()).contains(OLD);
        save(OLD + 2);
        assertThat(directory.toFile().list())
                .containsExactlyInAnyOrder("step-000000006.safetensors", "step-000000006.json");
        assertThat(resumed()).contains(OLD + 2);
    }

    @Test
    void theNewestOnesAreKept() {
        checkpoint = new CheckpointDirectory(directory, 2);
        save(12);
        assertThat(directory.toFile().list()).hasSize(4).noneMatch(name -> name.contains("000004"));
    }
}
