package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.CenterCrop;
import org.vit4j.data.transforms.HorizontalFlip;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.data.transforms.RandomAffine;
import org.vit4j.data.transforms.ValueRange;

class DataLoaderTest {
    private static final Preprocessing PREPROCESS =
            new Preprocessing(12, 12, 1, 1, Interpolation.BILINEAR, List.of(0.3), List.of(0.4));
    private static final AugmentConfig AUGMENT = AugmentConfig.of(
            List.of(new RandomAffine(10, 0.1, new ValueRange(0.9, 1.1), 5, 0), new HorizontalFlip(0.5)));
    private final Dataset digits = Digits.split(0.2, 0).validation();

    @Test
    void batchesAreEqualForAnyNumberOfThreadsAndInEveryRun() {
        List<Batch> expected = all(batches(true, false, 1).epoch(3, 0));
        for (int threads : new int[] {1, 2, 5}) {
            assertEqual(all(batches(true, false, threads).epoch(3, 0)), expected);
        }
    }

    @Test
    void epochAndSeedChangeTheOrderAndTheAugmentation() {
        Batch first = first(batches(true, false, 2), 0);
        Batch second = first(batches(true, false, 2), 1);
        Batch seeded = first(new DataLoader(digits, AUGMENT, PREPROCESS, 50, true, false, 8, 2), 0);
        assertThat(first.indices()).isNotEqualTo(second.indices()).isNotEqualTo(seeded.indices());
        Batch inOrder = first(batches(false, false, 2), 0);
        Batch nextInOrder = first(batches(false, false, 2), 1);
        assertThat(inOrder.indices()).isEqualTo(nextInOrder.indices());
        assertThat(inOrder.images()).isNotEqualTo(nextInOrder.images());
    }

    @Test
    void everyImageOccursOncePerEpochWithItsLabel() {
        DataLoader batches = batches(true, false, 3);
        List<Batch> all = all(batches.epoch(0, 0));
        assertThat(all).hasSize(batches.batchesPerEpoch());
        List<Integer> seen = new ArrayList<>();
        for (Batch batch : all) {
            for (int i = 0; i < batch.size(); i++) {
                seen.add(batch.indices()[i]);
                assertThat(batch.labels()[i]).isEqualTo(digits.label(batch.indices()[i]));
            }
        }
        assertThat(seen).hasSize(digits.size()).doesNotHaveDuplicates();
        assertThat(batches.imagesPerEpoch()).isEqualTo(digits.size());
    }

    @Test
    void lastBatchIsSmallerOrDropped() {
        int rest = digits.size() % 50;
        List<Batch> kept = all(batches(false, false, 2).epoch(0, 0));
        assertThat(kept.get(kept.size() - 1).size()).isEqualTo(rest);
        List<Batch> dropped = all(batches(false, true, 2).epoch(0, 0));
        assertThat(dropped).hasSize(kept.size() - 1).allMatch(batch -> batch.size() == 50);
        assertThat(batches(false, true, 2).imagesPerEpoch()).isEqualTo(50 * dropped.size());
    }

    @Test
    void skippedBatchesDoNotChangeTheRemainingOnes() {
        List<Batch> all = all(batches(true, false, 2).epoch(2, 0));
        assertEqual(all(batches(true, false, 2).epoch(2, 3)), all.subList(3, all.size()));
        assertThat(batches(true, false, 2).epoch(2, all.size()).hasNext()).isFalse();
    }

    @Test
    void exampleWithoutAugmentationIsThePreprocessedImage() {
        var batches = new DataLoader(digits, AugmentConfig.NONE, PREPROCESS, 4, false, false, 0, 2);
        try (BatchIterator epoch = batches.epoch(0, 0)) {
            float[] second = Arrays.copyOfRange(epoch.next().images(), 144, 288);
            assertThat(second).isEqualTo(PREPROCESS.apply(digits.image(1)));
        }
    }

    @Test
    void releasedArraysAreReusedAndDoNotChangeTheBatches() {
        List<Batch> expected = all(batches(true, false, 1).epoch(0, 0));
        Set<float[]> arrays = Collections.newSetFromMap(new IdentityHashMap<>());
        DataLoader loader = batches(true, false, 2);
        int at = 0;
        try (BatchIterator epoch = loader.epoch(0, 0)) {
            while (epoch.hasNext()) {
                Batch batch = epoch.next();
                assertThat(batch.images()).isEqualTo(expected.get(at++).images());
                arrays.add(batch.images());
                epoch.release(batch);
            }
        }
        assertThat(at).isEqualTo(expected.size());
        assertThat(arrays).hasSizeLessThan(expected.size());
    }

    @Test
    void loadTimesCoverEveryImage() {
        DataLoader loader = batches(true, false, 2);
        all(loader.epoch(0, 0));
        LoadTimes times = loader.loadTimes();
        assertThat(times.images()).isEqualTo(digits.size());
        assertThat(times.decode()).isPositive();
        assertThat(times.transform()).isPositive();
        all(loader.epoch(1, 0));
        assertThat(loader.loadTimes().since(times).images()).isEqualTo(digits.size());
    }

    @Test
    void noThreadsRemainAfterTheEndAnEarlyCloseOrAnError() throws InterruptedException {
        Set<Thread> before = workers(); // of other tests
        BatchIterator early = batches(true, false, 5).epoch(0, 0);
        early.next();
        assertThat(workers()).hasSizeGreaterThan(before.size());
        early.close();
        assertThat(early.hasNext()).isFalse();
        noneLeft(before);
        all(batches(true, false, 5).epoch(0, 0));
        noneLeft(before);
        assertThatThrownBy(
                        () -> all(failing(new ConfigError("x.png: is corrupt")).epoch(0, 0)))
                .isInstanceOf(ConfigError.class)
                .hasMessage("x.png: is corrupt");
        assertThatThrownBy(() -> all(failing(new IllegalStateException("bug")).epoch(0, 0)))
                .isInstanceOf(IllegalStateException.class);
        noneLeft(before);
    }

    @Test
    void imagesThatATransformMakesTooLargeAreNamed() {
        AugmentConfig huge = AugmentConfig.of(List.of(new CenterCrop(List.of(60_000))));
        DataLoader loader = new DataLoader(digits, huge, PREPROCESS, 2, false, false, 0, 1);
        assertThatThrownBy(() -> all(loader.epoch(0, 0)))
                .isInstanceOf(ConfigError.class)
                .hasMessage(digits.name(0) + ": 8x8 pixels: CenterCrop[size=[60000]]: the image would be too large:"
                        + " 60000x60000 pixels of 1 channels; change the transform, or remove the image");
    }

    @Test
    void invalidBatchSizesAreRejected() {
        assertThatThrownBy(() -> new DataLoader(digits, AugmentConfig.NONE, PREPROCESS, 5000, true, true, 0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("batch (5000) is larger than the dataset");
        assertThatThrownBy(() -> new DataLoader(digits, AugmentConfig.NONE, PREPROCESS, 0, true, true, 0, 1))
                .hasMessage("batch (0) must be at least 1");
    }

    private DataLoader batches(boolean shuffle, boolean dropLast, int threads) {
        return new DataLoader(digits, AUGMENT, PREPROCESS, 50, shuffle, dropLast, 7, threads);
    }

    /** A loader whose dataset throws {@code failure} for image 100. */
    private DataLoader failing(RuntimeException failure) {
        Dataset failingDataset = new Dataset() {
            @Override
            public int size() {
                return digits.size();
            }

            @Override
            public Image image(int index) {
                if (index == 100) throw failure;
                return digits.image(index);
            }

            @Override
            public int label(int index) {
                return digits.label(index);
            }

            @Override
            public String name(int index) {
                return digits.name(index);
            }

            @Override
            public List<String> classes() {
                return digits.classes();
            }
        };
        return new DataLoader(failingDataset, AugmentConfig.NONE, PREPROCESS, 16, false, false, 0, 3);
    }

    private static Batch first(DataLoader batches, int epoch) {
        try (BatchIterator all = batches.epoch(epoch, 0)) {
            return all.next();
        }
    }

    private static List<Batch> all(BatchIterator epoch) {
        List<Batch> all = new ArrayList<>();
        epoch.forEachRemaining(all::add);
        return all;
    }

    private static void assertEqual(List<Batch> got, List<Batch> expected) {
        assertThat(got).hasSameSizeAs(expected);
        for (int i = 0; i < got.size(); i++) {
            assertThat(got.get(i).indices()).isEqualTo(expected.get(i).indices());
            assertThat(got.get(i).labels()).isEqualTo(expected.get(i).labels());
            assertThat(got.get(i).images()).isEqualTo(expected.get(i).images());
        }
    }

    /** Joins the threads, since a pool is terminated shortly before its last thread ends. */
    private static void noneLeft(Set<Thread> before) throws InterruptedException {
        for (Thread worker : workers()) {
            if (before.contains(worker)) continue;
            worker.join(60_000);
            assertThat(worker.isAlive()).isFalse();
        }
    }

    private static Set<Thread> workers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("vit4j-data"))
                .collect(Collectors.toSet());
    }
}
