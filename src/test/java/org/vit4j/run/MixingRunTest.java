package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.MixedBatch;
import org.vit4j.report.ContactSheet.LabelShare;
import org.vit4j.report.ContactSheet.SheetTile;

/** Runs with all random augmentation and mixing of images and labels, and the preview of them. */
class MixingRunTest {
    private static final List<String> EVERYTHING = List.of(
            "model.dim=16",
            "model.depth=1",
            "model.heads=2",
            "model.image.size=16",
            "data.augment=[{name: resize, size: 16}, {name: rand_augment, policy: rand-m9-mstd0.5-inc1}, {name: random_erasing, p: 0.5}]",
            "data.repeats=3",
            "train.mixup={mixup: 0.8, cutmix: 1.0, mode: elem}",
            "train.loss={name: bce, label_smoothing: 0.1}",
            "train.accumulate=2",
            "train.epochs=2",
            "train.batch=200",
            "train.checkpoint_steps=1");

    @TempDir
    Path directory;

    private static RunConfig config(String... more) {
        return TestRuns.config("digits-vit", EVERYTHING, more);
    }

    @Test
    void threadsAndStoppingDoNotChangeAnyBit() throws IOException {
        TrainRun.run(
                config("train.workers=1"), directory.resolve("uninterrupted"), false, TestRuns.SILENT, () -> false);
        TrainRun.run(config("train.workers=4"), directory.resolve("threads"), false, TestRuns.SILENT, () -> false);
        AtomicInteger steps = new AtomicInteger();
        TrainRun.run(
                config(), directory.resolve("stopped"), false, TestRuns.SILENT, () -> steps.incrementAndGet() == 5);
        assertThat(TrainRun.run(config(), directory.resolve("stopped"), true, TestRuns.SILENT, () -> false)
                        .finished())
                .isTrue();
        for (String other : List.of("threads", "stopped")) {
            assertThat(weights(other)).as(other).containsExactlyElementsOf(weights("uninterrupted"));
            assertThat(untimed(other)).isEqualTo(untimed("uninterrupted"));
        }
    }

    private List<float[]> weights(String run) {
        return List.copyOf(
                TestRuns.weights(directory.resolve(run).resolve("last.keras")).values());
    }

    private List<String> untimed(String run) throws IOException {
        return Files.readAllLines(directory.resolve(run).resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",\"images_per_second.*", ""))
                .toList();
    }

    @Test
    void thePreviewShowsTheTrainingImages() {
        RunConfig config = config();
        TrainData data = TrainData.open(config);
        for (int epoch : new int[] {1, 2}) {
            List<SheetTile> tiles = AugmentPreview.tiles(config, data, epoch, 250);
            assertThat(tiles).hasSize(250);
            try (BatchIterator batches = data.training().epoch(epoch - 1, 0)) {
                long draw = (epoch - 1L) * data.training().batchesPerEpoch();
                assertSame(tiles.subList(0, 200), config.train().mix(batches.next(), epoch - 1, draw));
                assertSame(tiles.subList(200, 250), config.train().mix(batches.next(), epoch - 1, draw + 1));
            }
        }
    }

    /** Compares pixels, clipped to 0..255, and label shares. */
    private static void assertSame(List<SheetTile> tiles, MixedBatch mixed) {
        Batch batch = mixed.batch();
        for (int i = 0; i < tiles.size(); i++) {
            BufferedImage image = tiles.get(i).image();
            float[] pixels = Arrays.copyOfRange(batch.images(), i * 256, (i + 1) * 256);
            for (int k = 0; k < 256; k++) {
                double value = (pixels[k] * 0.3759 + 0.3053) * 255;
                double shown = image.getRGB(k % 16, k / 16) & 0xFF;
                assertThat(shown).isCloseTo(Math.min(255, Math.max(0, value)), within(0.51));
            }
            List<LabelShare> shares = tiles.get(i).shares();
            assertThat(shares.get(0).label()).isEqualTo("" + batch.labels()[i]);
            if (shares.size() == 2) {
                assertThat(shares.get(0).share()).isEqualTo(mixed.lambda()[i]);
                assertThat(shares.get(1)).isEqualTo(new LabelShare("" + mixed.partner(i), 1 - mixed.lambda()[i]));
            } else {
                assertThat(mixed.lambda()[i] == 1 || mixed.partner(i) == batch.labels()[i])
                        .isTrue();
            }
        }
        assertThat(tiles).anyMatch(tile -> tile.shares().size() == 2);
    }

    @Test
    void theSheetContainsTheImagesAndRejectsEpochsOutOfRange() {
        RunConfig config = config("data.augment=[]", "data.repeats=1", "train.mixup=null");
        TrainData data = TrainData.open(config);
        BufferedImage sheet = AugmentPreview.sheet(config, data, 1, 6);
        BufferedImage first = AugmentPreview.tiles(config, data, 1, 1).get(0).image();
        // Margin 28, header 58, image pixels enlarged 8 times.
        for (int y = 0; y < 16; y++) {
            for (int x = 0; x < 16; x++) {
                assertThat(sheet.getRGB(28 + 8 * x + 4, 28 + 58 + 8 * y + 4)).isEqualTo(first.getRGB(x, y));
            }
        }
        assertThatThrownBy(() -> AugmentPreview.sheet(config, data, 3, 6))
                .isInstanceOf(ConfigError.class)
                .hasMessage("epoch 3: digits-vit trains epochs 1 to 2");
    }
}
