package org.vit4j.data.shards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchShard;
import org.vit4j.data.DataLoader;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.ReadPlan;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.HorizontalFlip;
import org.vit4j.data.transforms.Interpolation;

/** Batches of shards. */
class ShardLoaderTest {
    private static final Preprocessing PREPROCESS =
            new Preprocessing(8, 8, 1, 1, Interpolation.BILINEAR, List.of(0.3), List.of(0.4));
    private static final AugmentConfig FLIP = AugmentConfig.of(List.of(new HorizontalFlip(0.5)));
    private static final int BATCH = 16;

    @TempDir
    static Path dir;

    @BeforeAll
    static void writeShards() {
        TestShards.tars(dir, 10, 40, 90, 70);
        TestShards.tables(dir, 10, 40, 90, 70);
    }

    private static Dataset train(ShardFormat format, int buffer) {
        ShardConfig config = new ShardConfig(List.of(), List.of(), buffer, Optional.empty(), Optional.empty());
        return TestShards.open(format, dir, config).train();
    }

    private static DataLoader loader(Dataset images, int threads) {
        return new DataLoader(images, FLIP, PREPROCESS, BATCH, true, true, 7, threads);
    }

    private static List<Batch> all(BatchIterator epoch) {
        List<Batch> batches = new ArrayList<>();
        try (epoch) {
            epoch.forEachRemaining(batches::add);
        }
        return batches;
    }

    private static void assertEqual(List<Batch> actual, List<Batch> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i).indices()).isEqualTo(expected.get(i).indices());
            assertThat(actual.get(i).labels()).isEqualTo(expected.get(i).labels());
            assertThat(actual.get(i).images()).isEqualTo(expected.get(i).images());
        }
    }

    @ParameterizedTest
    @EnumSource(ShardFormat.class)
    void batchesAreEqualForAnyNumberOfThreadsAndAfterAnyNumberOfSkippedBatches(ShardFormat format) {
        Dataset images = train(format, 30);
        List<Batch> expected = all(loader(images, 1).epoch(2, 0));
        assertThat(expected).hasSize(12);
        assertThat(all(loader(images, 1).epoch(3, 0)).get(0).indices())
                .isNotEqualTo(expected.get(0).indices());
        assertEqual(all(loader(images, 4).epoch(2, 0)), expected);
        for (int skip : new int[] {1, 7, 11, 12})
            assertEqual(all(loader(images, 3).epoch(2, skip)), expected.subList(skip, 12));
    }

    @Test
    void tarAndParquetGiveEqualBatches() {
        assertEqual(
                all(loader(train(ShardFormat.PARQUET, 30), 2).epoch(1, 0)),
                all(loader(train(ShardFormat.WEBDATASET, 30), 2).epoch(1, 0)));
    }

    @ParameterizedTest
    @EnumSource(ShardFormat.class)
    void processesLoadDisjointPartsOfEachBatch(ShardFormat format) {
        Dataset images = train(format, 30);
        List<Batch> expected = all(loader(images, 1).epoch(0, 0));
        Set<Integer> seen = new HashSet<>();
        for (int rank = 0; rank < 3; rank++) {
            try (DataLoader.ExampleOrder examples = loader(images, 1).examples(0, 5, rank, 3)) {
                for (int batch = 5; batch < 12; batch++) {
                    BatchShard shard = BatchShard.of(BATCH, rank, 3);
                    Batch part = examples.batch(batch, shard);
                    for (int i = 0; i < shard.size(); i++) {
                        int position = shard.positions()[i];
                        assertThat(seen.add(part.indices()[i])).isTrue();
                        assertThat(part.indices()[i])
                                .isEqualTo(expected.get(batch).indices()[position]);
                        assertThat(java.util.Arrays.copyOfRange(part.images(), 64 * i, 64 * i + 64))
                                .isEqualTo(java.util.Arrays.copyOfRange(
                                        expected.get(batch).images(), 64 * position, 64 * position + 64));
                    }
                }
            }
        }
        assertThat(seen).hasSize(7 * BATCH);
        try (DataLoader.ExampleOrder any = loader(images, 1).examples(0)) {
            assertThat(any.batch(3, BatchShard.all(BATCH)).images())
                    .isEqualTo(expected.get(3).images());
        }
    }

    @Test
    void bufferOfAllImagesGivesTheOrderOfUnshardedImages() {
        Dataset shards = train(ShardFormat.WEBDATASET, 200);
        List<Batch> batches = all(loader(shards, 2).epoch(0, 0));
        assertEqual(batches, all(loader(new Unsharded(shards), 2).epoch(0, 0)));
    }

    /** Images of another dataset, without its shards. */
    private record Unsharded(Dataset images) implements Dataset {
        @Override
        public int size() {
            return images.size();
        }

        @Override
        public org.vit4j.data.image.Image image(int index) {
            return images.image(index);
        }

        @Override
        public int label(int index) {
            return images.label(index);
        }

        @Override
        public String name(int index) {
            return images.name(index);
        }

        @Override
        public List<String> classes() {
            return images.classes();
        }
    }

    @Test
    void repeatedAndBalancedSamplingReadTheImagesOfTheOrder() {
        Dataset images = train(ShardFormat.WEBDATASET, 30);
        AugmentConfig repeated = new AugmentConfig(List.of(), Optional.empty(), 3, AugmentConfig.Sampling.SHUFFLED);
        AugmentConfig balanced = new AugmentConfig(List.of(), Optional.empty(), 1, AugmentConfig.Sampling.BALANCED);
        for (AugmentConfig augment : List.of(repeated, balanced)) {
            for (Batch batch : all(new DataLoader(images, augment, PREPROCESS, BATCH, true, true, 1, 2).epoch(0, 0))) {
                for (int i = 0; i < BATCH; i++) {
                    float[] expected = PREPROCESS.apply(images.image(batch.indices()[i]));
                    assertThat(java.util.Arrays.copyOfRange(batch.images(), 64 * i, 64 * i + 64))
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void noMoreImagesThanTheBufferAndTheReadAheadAreHeld() throws InterruptedException {
        ShardedImages images = (ShardedImages) train(ShardFormat.WEBDATASET, 1);
        int[] order = IntStream.range(0, 200).toArray();
        try (ReadAhead pass = new ReadAhead(images, new ReadPlan(order, order, 0, 200))) {
            for (int i = 0; i < 100; i++) {
                pass.image(i);
                assertThat(pass.held()).isLessThanOrEqualTo(65);
            }
            for (int i = 0; i < 1000 && pass.held() < 64; i++) Thread.sleep(10);
            assertThat(pass.held()).isEqualTo(64); // positions 100 to 163
        }
    }

    @Test
    void closedPassEndsWaitingThreads() throws InterruptedException {
        ShardedImages images = (ShardedImages) train(ShardFormat.WEBDATASET, 1);
        int[] order = IntStream.range(0, 200).toArray();
        ReadAhead pass = new ReadAhead(images, new ReadPlan(order, order, 0, 200));
        pass.image(0);
        pass.close();
        assertThatThrownBy(() -> pass.image(150)).isInstanceOf(CancellationException.class);
        try (BatchIterator epoch = loader(images, 2).epoch(0, 0)) {
            epoch.next();
        }
        for (int i = 0; i < 1000 && readers() > 0; i++) Thread.sleep(10);
        assertThat(readers()).isZero();
    }

    private static long readers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("vit4j-read"))
                .count();
    }
}
