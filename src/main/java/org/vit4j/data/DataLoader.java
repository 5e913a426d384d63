package org.vit4j.data;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.vit4j.config.ConfigError;

/**
 * Batches of a dataset, made ahead of their use by a few threads. Order and contents depend on seed and epoch, the chance
 * of an image on seed, epoch, the image and its repeat: the number of threads changes nothing.
 */
public final class DataLoader implements BatchSource {
    private static final long IDLE_SECONDS = 10;

    private final Dataset dataset;
    private final AugmentConfig augment;
    private final Preprocessing preprocess;
    private final int batchSize;
    private final boolean shuffle;
    private final boolean dropLast;
    private final long seed;
    private final int threads;
    private final Optional<Consumer<ConfigError>> unreadable;

    /**
     * @param augment {@link AugmentConfig#NONE} for evaluation
     * @param dropLast leave out the last batch when it is not full
     * @throws IllegalArgumentException when there would be no batch
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
        if (batchSize < 1) throw new IllegalArgumentException("batch must be at least 1 (" + batchSize + ")");
        if (threads < 1) throw new IllegalArgumentException("threads must be at least 1 (" + threads + ")");
        if (dataset.size() < (dropLast ? batchSize : 1)) {
            throw new IllegalArgumentException(
                    "batch (" + batchSize + ") is larger than the dataset (" + dataset.size() + " images)");
        }
        this.dataset = dataset;
        this.augment = augment;
        this.preprocess = preprocess;
        this.batchSize = batchSize;
        this.shuffle = shuffle;
        this.dropLast = dropLast;
        this.seed = seed;
        this.threads = threads;
        this.unreadable = unreadable;
    }

    /**
     * Returns the same batches without the images that cannot be read, for evaluation: those are reported instead of ending
     * the epoch, by any thread, and their batch is smaller.
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

    /** How many images an epoch has. */
    public int imagesPerEpoch() {
        return Math.min(dataset.size(), batchesPerEpoch() * batchSize);
    }

    @Override
    public BatchIterator epoch(int epoch, int skipBatches) {
        return new EpochIterator(epoch, skipBatches);
    }

    @Override
    public String name(int index) {
        return dataset.name(index);
    }

    private int[] order(int epoch) {
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, dataset.size()).boxed().toList());
        if (shuffle) SeededRandom.shuffle(order, SeededRandom.random(seed, epoch));
        // As DeiT's RASampler: an image's repeats side by side, the epoch cut to its length.
        int repeats = augment.repeats();
        return IntStream.range(0, order.size()).map(i -> order.get(i / repeats)).toArray();
    }

    /** Any images of an epoch, for those who learn from a part of each batch. */
    public ExampleOrder examples(int epoch) {
        return new ExampleOrder(epoch);
    }

    /** [H, W, C], normalized */
    private float[] example(int index, int epoch, int repeat) {
        SplittableRandom random =
                repeat == 0 ? SeededRandom.random(seed, epoch, index) : SeededRandom.random(seed, epoch, index, repeat);
        Image image = dataset.image(index).withChannels(preprocess.channels());
        for (Transform transform : augment.transforms()) image = transform.apply(image, random);
        float[] values = preprocess.apply(image);
        augment.erasing().ifPresent(e -> e.apply(values, preprocess.height(), preprocess.width(), random));
        return values;
    }

    /** Daemons, which also end by themselves when an epoch is left without being closed. */
    private static ThreadPoolExecutor workers(int threads) {
        var tasks = new LinkedBlockingQueue<Runnable>(); // bounded by what is submitted
        var workers = new ThreadPoolExecutor(threads, threads, IDLE_SECONDS, TimeUnit.SECONDS, tasks, task -> {
            Thread thread = new Thread(task, "vit4j-data");
            thread.setDaemon(true);
            return thread;
        });
        workers.allowCoreThreadTimeOut(true);
        return workers;
    }

    private Batch empty(int n) {
        int h = preprocess.height();
        int w = preprocess.width();
        int c = preprocess.channels();
        return new Batch(n, h, w, c, new float[Math.multiplyExact(n, h * w * c)], new int[n], new int[n]);
    }

    /** Returns false for an image that cannot be read and is left out. */
    private boolean fillIfReadable(Batch batch, int i, int index, int epoch, int repeat) {
        try {
            fill(batch, i, index, epoch, repeat);
            return true;
        } catch (ConfigError e) {
            unreadable.orElseThrow(() -> e).accept(e);
            return false;
        }
    }

    private void fill(Batch batch, int i, int index, int epoch, int repeat) {
        batch.indices()[i] = index;
        batch.labels()[i] = dataset.label(index);
        float[] example = example(index, epoch, repeat);
        System.arraycopy(example, 0, batch.images(), i * example.length, example.length);
    }

    /** The images of an epoch by their place in it; the same that {@link #epoch} gives. */
    public final class ExampleOrder {
        private final int epoch;
        private final int[] order;

        private ExampleOrder(int epoch) {
            this.epoch = epoch;
            this.order = order(epoch);
        }

        public int epoch() {
            return epoch;
        }

        /** How many images a batch of the epoch has. */
        public int size(int batch) {
            return Math.min(order.length, (batch + 1) * batchSize) - batch * batchSize;
        }

        /** Part of a batch, its images made by all threads of the common pool. */
        public Batch batch(int batch, BatchShard part) {
            Batch made = empty(part.size());
            IntStream.range(0, part.size()).parallel().forEach(i -> {
                int at = batch * batchSize + part.positions()[i];
                fill(made, i, order[at], epoch, at % augment.repeats());
            });
            return made;
        }
    }

    private final class EpochIterator implements BatchIterator {
        private final int epoch;
        private final int[] order;
        private final ThreadPoolExecutor workers;
        private final Deque<Future<Optional<Batch>>> ahead = new ArrayDeque<>();
        private Optional<Batch> ready = Optional.empty();
        private int next;
        private volatile boolean closed;

        EpochIterator(int epoch, int skipBatches) {
            this.epoch = epoch;
            this.order = order(epoch);
            this.next = skipBatches;
            this.workers = workers(threads);
            submit();
            if (ahead.isEmpty()) close();
        }

        /** As many batches as threads are in the making, and one lies ready. */
        private void submit() {
            while (ahead.size() <= threads && next < batchesPerEpoch()) {
                int from = next++ * batchSize;
                ahead.add(workers.submit(() -> batch(from, Math.min(order.length, from + batchSize))));
            }
        }

        /** Empty when none of the images can be read. */
        private Optional<Batch> batch(int from, int to) {
            Batch batch = empty(to - from);
            int filled = 0;
            for (int i = from; i < to; i++) {
                if (closed) throw new CancellationException();
                if (fillIfReadable(batch, filled, order[i], epoch, i % augment.repeats())) filled++;
            }
            return filled == 0 ? Optional.empty() : Optional.of(batch.first(filled));
        }

        /** Waits only where images may be left out: a batch ahead may then turn out to be empty. */
        @Override
        public boolean hasNext() {
            if (unreadable.isEmpty()) return !ahead.isEmpty();
            while (ready.isEmpty() && !ahead.isEmpty()) ready = take();
            return ready.isPresent();
        }

        @Override
        public Batch next() {
            if (!hasNext()) throw new NoSuchElementException();
            Batch batch = ready.or(this::take).orElseThrow();
            ready = Optional.empty();
            return batch;
        }

        private Optional<Batch> take() {
            Future<Optional<Batch>> first = ahead.remove();
            submit();
            try {
                Optional<Batch> batch = first.get();
                if (ahead.isEmpty()) close();
                return batch;
            } catch (ExecutionException e) {
                close();
                if (e.getCause() instanceof RuntimeException cause) throw cause;
                if (e.getCause() instanceof Error cause) throw cause;
                throw new AssertionError(e.getCause());
            } catch (InterruptedException e) {
                close();
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted while waiting for a batch");
            }
        }

        /** Does not interrupt: a file being read would look unreadable. Waits for the image each thread is at. */
        @Override
        public void close() {
            closed = true;
            ahead.forEach(batch -> batch.cancel(false));
            ahead.clear();
            workers.shutdown();
            boolean interrupted = false;
            while (!workers.isTerminated()) {
                try {
                    if (workers.awaitTermination(1, TimeUnit.MINUTES)) break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) Thread.currentThread().interrupt();
        }
    }
}
