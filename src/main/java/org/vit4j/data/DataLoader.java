package org.vit4j.data;

import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.ImagePass;
import org.vit4j.data.datasets.ReadPlan;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageTooLargeException;
import org.vit4j.data.image.PixelBuffers;
import org.vit4j.data.random.SeededRandom;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.Transform;

/**
 * Batches of a dataset, prefetched by several threads. The order depends only on (seed, epoch), the augmentation of an image
 * only on (seed, epoch, index, repeat); the number of threads does not change the batches.
 */
public final class DataLoader implements BatchSource {
    private final Dataset dataset;
    private final AugmentConfig augment;
    private final Preprocessing preprocess;
    private final int batchSize;
    private final boolean shuffle;
    private final boolean dropLast;
    private final long seed;
    private final int threads;
    private final Optional<Consumer<ConfigError>> onUnreadable;
    private final LoadClock times = new LoadClock();

    private final BatchArrays arrays;

    /** Table of {@link Preprocessing#byteTable} if batches are loaded as bytes; not after an image of floats. */
    private volatile Optional<float[]> byteTable = Optional.empty();

    /**
     * Creates a loader that fails at the first image that cannot be read.
     *
     * @param augment {@link AugmentConfig#NONE} for evaluation
     * @param dropLast drop the last batch of an epoch if it is smaller than {@code batchSize}
     * @throws IllegalArgumentException if an epoch would have no batch
     */
    public DataLoader(
            Dataset dataset,
            AugmentConfig augment,
            Preprocessing preprocess,
            int batchSize,
            boolean shuffle,
            boolean dropLast,
            long seed,
            int threads) {
        this(dataset, augment, preprocess, batchSize, shuffle, dropLast, seed, threads, Optional.empty());
    }

    private DataLoader(
            Dataset dataset,
            AugmentConfig augment,
            Preprocessing preprocess,
            int batchSize,
            boolean shuffle,
            boolean dropLast,
            long seed,
            int threads,
            Optional<Consumer<ConfigError>> unreadable) {
        Checks.positive("batch", batchSize);
        Checks.positive("threads", threads);
        Checks.require(dataset.size() > 0, "the dataset has no images");
        Checks.require(
                dataset.size() >= (dropLast ? batchSize : 1),
                "batch (%d) is larger than the dataset (%d images)",
                batchSize,
                dataset.size());
        this.dataset = dataset;
        this.augment = augment;
        this.preprocess = preprocess;
        this.batchSize = batchSize;
        this.shuffle = shuffle;
        this.dropLast = dropLast;
        this.seed = seed;
        this.threads = threads;
        this.onUnreadable = unreadable;
        this.arrays = new BatchArrays(preprocess, batchSize, batchesAhead() + 1); // one is in use
    }

    /**
     * Returns a loader of the same batches that skips images that cannot be read, for evaluation. A batch with skipped images
     * is smaller.
     *
     * @param report called for each skipped image, by any thread
     */
    public DataLoader withoutUnreadable(Consumer<ConfigError> report) {
        return new DataLoader(
                dataset, augment, preprocess, batchSize, shuffle, dropLast, seed, threads, Optional.of(report));
    }

    @Override
    public int batchesPerEpoch() {
        int full = dataset.size() / batchSize;
        return dropLast || dataset.size() % batchSize == 0 ? full : full + 1;
    }

    @Override
    public LoadTimes loadTimes() {
        return times.total();
    }

    /** Number of images in an epoch. */
    public int imagesPerEpoch() {
        return Math.min(dataset.size(), batchesPerEpoch() * batchSize);
    }

    @Override
    public BatchIterator epoch(int epoch, int skipBatches) {
        return new PrefetchedBatches(new EpochBatches(epoch, skipBatches), skipBatches, threads, batchesAhead());
    }

    @Override
    public String name(int index) {
        return dataset.name(index);
    }

    @Override
    public Optional<long[]> classCounts() {
        return Optional.of(ClassCounts.of(dataset));
    }

    @Override
    public Optional<IntFunction<int[]>> labelLists() {
        return dataset.labelLists();
    }

    private EpochOrder order(int epoch) {
        return EpochOrder.of(dataset, augment.sampling(), shuffle, seed, epoch, augment.repeats());
    }

    /** Random access to the examples of an epoch, for distributed workers that each need a shard of every batch. */
    public ExampleOrder examples(int epoch) {
        return new ExampleOrder(epoch, Optional.empty());
    }

    /**
     * Examples of an epoch for one process of several. Only its shard of each batch is loaded, and {@link ExampleOrder#batch} is
     * called with that shard of each batch from {@code skipBatches} on.
     */
    public ExampleOrder examples(int epoch, int skipBatches, int rank, int ranks) {
        return new ExampleOrder(epoch, Optional.of(new RankShards(skipBatches, rank, ranks)));
    }

    /** Shards of one process of several. */
    private record RankShards(int skipBatches, int rank, int ranks) {}

    @Override
    public Optional<ByteBatches> inBytes() {
        if (augment.erasing().isPresent()) return Optional.empty();
        var loader =
                new DataLoader(dataset, augment, preprocess, batchSize, shuffle, dropLast, seed, threads, onUnreadable);
        float[] table = preprocess.byteTable();
        loader.byteTable = Optional.of(table);
        return Optional.of(new ByteBatches(loader, table));
    }

    /** Writes an image, [H, W, C], to a batch: as bytes if both are of bytes, else normalized. */
    private void write(Image image, Batch batch, int i) {
        if (!batch.isOfBytes()) {
            preprocess.apply(image, batch.images(), i * imageLength());
            return;
        }
        var integers = preprocess.view(image).integers();
        if (integers.isPresent()) {
            batch.putBytes(i, integers.get().pixels());
            return;
        }
        float[] values = new float[imageLength()];
        preprocess.apply(image, values, 0);
        batch.putFloats(i, values);
        byteTable = Optional.empty();
    }

    private int imageLength() {
        return preprocess.height() * preprocess.width() * preprocess.channels();
    }

    /** Loads an example to position {@code i} of a batch. */
    private void example(Supplier<Image> source, int index, int epoch, int repeat, Batch batch, int i) {
        SplittableRandom random =
                repeat == 0 ? SeededRandom.random(seed, epoch, index) : SeededRandom.random(seed, epoch, index, repeat);
        long start = System.nanoTime();
        Optional<Image> kept = dataset.decodesOnAccess()
                ? Optional.empty()
                : Optional.of(required(source.get(), "the dataset", index));
        long decoded;
        PixelBuffers buffers = PixelBuffers.open();
        try {
            Image image = kept.orElseGet(source);
            decoded = System.nanoTime();
            image = required(image, "the dataset", index).withChannels(preprocess.channels());
            for (Transform transform : augment.transforms()) image = transformed(transform, image, random, index);
            write(image, batch, i);
        } finally {
            buffers.close();
        }
        int length = imageLength();
        augment.erasing()
                .ifPresent(e ->
                        e.apply(batch.images(), i * length, length, preprocess.height(), preprocess.width(), random));
        times.loaded(decoded - start, System.nanoTime() - decoded);
    }

    private Image transformed(Transform transform, Image image, SplittableRandom random, int index) {
        try {
            return required(transform.apply(image, random), transform, index);
        } catch (ImageTooLargeException e) {
            throw new ConfigError(
                    dataset.name(index) + ": " + image.height() + "x" + image.width() + " pixels: " + transform + ": "
                            + e.getMessage() + "; change the transform, or remove the image",
                    e);
        }
    }

    private Image required(Image image, Object origin, int index) {
        if (image != null) return image;
        throw new IllegalStateException(dataset.name(index) + ": " + origin + " returned null instead of an image");
    }

    /** One batch that is ready, and as many in preparation as all threads need. */
    private int batchesAhead() {
        return 1 + (threads + batchSize - 1) / batchSize;
    }

    /** Returns false if the image cannot be read and is skipped. */
    private boolean fillIfReadable(Batch batch, int i, Supplier<Image> source, int index, int epoch, int repeat) {
        try {
            fill(batch, i, source, index, epoch, repeat);
            return true;
        } catch (ConfigError e) {
            onUnreadable.orElseThrow(() -> e).accept(e);
            return false;
        }
    }

    private void fill(Batch batch, int i, Supplier<Image> source, int index, int epoch, int repeat) {
        batch.indices()[i] = index;
        batch.labels()[i] =
                ClassCounts.checked(dataset.label(index), dataset.classes().size(), dataset, index);
        example(source, index, epoch, repeat, batch, i);
    }

    /** The examples of one epoch by batch and position, equal to those of {@link #epoch}. */
    public final class ExampleOrder implements AutoCloseable {
        private final int epoch;
        private final EpochOrder order;
        private final int[] planned; // position in the plan of a position in the epoch
        private final ImagePass images;

        private ExampleOrder(int epoch, Optional<RankShards> shards) {
            this.epoch = epoch;
            this.order = order(epoch);
            int[] positions = shards.filter(some -> order.reads().length > 0)
                    .map(this::positions)
                    .orElseGet(() -> IntStream.range(0, order.images().length).toArray());
            this.planned = new int[order.images().length];
            for (int i = 0; i < positions.length; i++) planned[positions[i]] = i;
            int[] needed = Arrays.stream(positions).map(p -> order.images()[p]).toArray();
            this.images = shards.isPresent()
                    ? dataset.pass(new ReadPlan(needed, order.reads(), 0, needed.length))
                    : position -> dataset.image(needed[position]);
        }

        /** Positions in the epoch that a process loads, in order. */
        private int[] positions(RankShards shards) {
            return IntStream.range(shards.skipBatches, batchesPerEpoch())
                    .flatMap(batch -> Arrays.stream(BatchShard.of(size(batch), shards.rank, shards.ranks)
                                    .positions())
                            .map(i -> batch * batchSize + i))
                    .toArray();
        }

        public int epoch() {
            return epoch;
        }

        /** Number of images in a batch. */
        public int size(int batch) {
            return Math.min(order.images().length, (batch + 1) * batchSize) - batch * batchSize;
        }

        /** Loads a shard of a batch, using all threads of the common pool. */
        public Batch batch(int batch, BatchShard shard) {
            Batch loaded = arrays.empty(shard.size(), byteTable);
            IntStream.range(0, shard.size()).parallel().forEach(i -> {
                int position = batch * batchSize + shard.positions()[i];
                fill(
                        loaded,
                        i,
                        () -> images.image(planned[position]),
                        order.images()[position],
                        epoch,
                        order.repeats()[position]);
            });
            return loaded;
        }

        @Override
        public void close() {
            images.close();
        }
    }

    /** The batches of one epoch. */
    private final class EpochBatches implements PrefetchedBatches.FillableBatches {
        private final int epoch;
        private final EpochOrder order;
        private final ImagePass images;

        EpochBatches(int epoch, int skipBatches) {
            this.epoch = epoch;
            this.order = order(epoch);
            int to = imagesPerEpoch();
            int from = Math.min(to, skipBatches * batchSize);
            this.images = dataset.pass(new ReadPlan(order.images(), order.reads(), from, to));
        }

        @Override
        public int count() {
            return batchesPerEpoch();
        }

        @Override
        public Batch empty(int batch) {
            int from = batch * batchSize;
            return arrays.empty(Math.min(order.images().length, from + batchSize) - from, byteTable);
        }

        @Override
        public boolean fill(Batch loaded, int batch, int image) {
            int position = batch * batchSize + image;
            int index = order.images()[position];
            return fillIfReadable(loaded, image, () -> images.image(position), index, epoch, order.repeats()[position]);
        }

        @Override
        public boolean skipsUnreadable() {
            return onUnreadable.isPresent();
        }

        @Override
        public void waited(long nanos) {
            times.waited(nanos);
        }

        @Override
        public void released(Batch batch) {
            arrays.release(batch);
        }

        @Override
        public void close() {
            images.close();
        }
    }
}
