package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.datasets.InMemoryDataset;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.HorizontalFlip;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.data.transforms.RandomAffine;
import org.vit4j.data.transforms.RandomErasing;
import org.vit4j.data.transforms.Transform;
import org.vit4j.data.transforms.ValueRange;

/** Batches of bytes, which are normalized later to the same floats, bit for bit. */
class ByteBatchesTest {
    private static final int BATCH = 50;
    private static final List<Transform> TRANSFORMS =
            List.of(new RandomAffine(10, 0.1, new ValueRange(0.9, 1.1), 5, 0), new HorizontalFlip(0.5));

    private static Preprocessing preprocessing(int channels) {
        List<Double> mean = channels == 1 ? List.of(0.3) : List.of(0.485, 0.456, 0.406);
        List<Double> std = channels == 1 ? List.of(0.4) : List.of(0.229, 0.224, 0.225);
        return new Preprocessing(12, 10, channels, 0.9, Interpolation.BICUBIC, mean, std);
    }

    private static DataLoader loader(Dataset dataset, AugmentConfig augment, int channels) {
        return new DataLoader(dataset, augment, preprocessing(channels), BATCH, true, false, 7, 2);
    }

    private static List<Batch> epoch(BatchSource source) {
        List<Batch> all = new ArrayList<>();
        try (BatchIterator batches = source.epoch(1, 0)) {
            while (batches.hasNext()) {
                Batch batch = batches.next();
                all.add(new Batch(
                        batch.size(),
                        batch.height(),
                        batch.width(),
                        batch.channels(),
                        batch.images().clone(),
                        batch.labels(),
                        batch.indices()));
                batches.release(batch);
            }
        }
        return all;
    }

    /** All bytes, in all channels. */
    private static Dataset colors() {
        byte[] pixels = new byte[256 * 12 * 10 * 3];
        for (int i = 0; i < pixels.length; i++) pixels[i] = (byte) (i * 31 / 7);
        return new InMemoryDataset(
                "colors",
                new int[] {12, 10, 3},
                InMemoryDataset.PixelLayout.INTERLEAVED,
                pixels,
                new byte[256],
                List.of("any"));
    }

    private static void assertEqualFloats(Dataset dataset, AugmentConfig augment, int channels) {
        DataLoader floats = loader(dataset, augment, channels);
        BatchSource.ByteBatches bytes = floats.inBytes().orElseThrow();
        try (BatchIterator first = bytes.source().epoch(1, 0)) {
            assertThat(first.next().bytes()).isPresent();
        }
        List<Batch> expected = epoch(floats);
        List<Batch> found = epoch(bytes.source());
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i).images()).isEqualTo(expected.get(i).images());
            assertThat(found.get(i).labels()).isEqualTo(expected.get(i).labels());
            assertThat(found.get(i).indices()).isEqualTo(expected.get(i).indices());
        }
    }

    @Test
    void bytesAreNormalizedToTheFloatsOfTheLoader() {
        assertEqualFloats(Digits.split(0.2, 0).validation(), AugmentConfig.of(TRANSFORMS), 1);
        assertEqualFloats(colors(), AugmentConfig.NONE, 3);
    }

    @Test
    void aShardOfABatchIsOfBytesToo() {
        DataLoader floats = loader(colors(), AugmentConfig.of(TRANSFORMS), 3);
        DataLoader bytes = (DataLoader) floats.inBytes().orElseThrow().source();
        BatchShard shard = BatchShard.of(BATCH, 1, 2);
        Batch found = bytes.examples(2).batch(1, shard);
        assertThat(found.bytes()).isPresent();
        assertThat(found.images()).isEqualTo(floats.examples(2).batch(1, shard).images());
    }

    @Test
    void arraysHoldTheBytes() {
        Batch batch = ((DataLoader) loader(colors(), AugmentConfig.NONE, 3)
                        .inBytes()
                        .orElseThrow()
                        .source())
                .examples(0)
                .batch(0, BatchShard.all(BATCH));
        try (INDArray array = batch.byteArray()) {
            assertThat(array.dataType()).isEqualTo(DataType.INT8);
            assertThat(array.shape()).containsExactly(BATCH, 12, 10, 3);
            byte[] bytes = batch.bytes().orElseThrow();
            for (int i = 0; i < bytes.length; i += 997)
                assertThat(array.data().getInt(i)).isEqualTo(bytes[i]);
        }
    }

    @Test
    void imagesThatATransformMakesOfFloatsAreLoadedAsFloats() {
        Transform half = (image, random) -> {
            float[] pixels = image.pixels().clone();
            for (int i = 0; i < pixels.length; i++) pixels[i] += 0.5f;
            return new Image(image.height(), image.width(), image.channels(), pixels);
        };
        Dataset digits = Digits.split(0.2, 0).validation();
        DataLoader floats = loader(digits, AugmentConfig.of(List.of(half)), 1);
        BatchSource bytes = floats.inBytes().orElseThrow().source();
        List<Batch> expected = epoch(floats);
        List<Batch> found = epoch(bytes);
        for (int i = 0; i < expected.size(); i++)
            assertThat(found.get(i).images()).isEqualTo(expected.get(i).images());
        try (BatchIterator next = bytes.epoch(2, 0)) {
            assertThat(next.next().bytes()).isEmpty();
        }
    }

    @Test
    void erasingNeedsFloats() {
        var erasing = new RandomErasing(
                0.5, RandomErasing.ErasingMode.PIXEL, new ValueRange(0.02, 0.3), new ValueRange(0.3, 3), 1);
        AugmentConfig augment = new AugmentConfig(TRANSFORMS, Optional.of(erasing), 1);
        assertThat(loader(colors(), augment, 3).inBytes()).isEmpty();
    }
}
