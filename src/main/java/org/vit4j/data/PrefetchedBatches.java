package org.vit4j.data;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Batches of an epoch, loaded before they are requested. All threads load images of the same batch, in order: then they start
 * and end together, and each processor loses the same time for computing. A network whose threads wait for each other is slowed
 * more by one busy thread.
 */
final class PrefetchedBatches implements BatchIterator {
    private static final long IDLE_SECONDS = 10;

    /** Batches of an epoch that can be filled image by image. */
    interface FillableBatches {
        int count();

        /** A batch without content. */
        Batch empty(int batch);

        /**
         * Loads an image of a batch. Called by several threads.
         *
         * @return false if the image cannot be read and is skipped
         */
        boolean fill(Batch loaded, int batch, int image);

        /** Returns true if {@link #fill} may return false. */
        boolean skipsUnreadable();

        /** Called after waiting for a batch. */
        void waited(long nanos);

        /** Called when a batch is not used anymore. */
        void released(Batch batch);

        /** Called before waiting for the threads at the end; calls of {@link #fill} that wait for data should throw. */
        void close();
    }

    private final FillableBatches batches;
    private final int ahead;
    private final ThreadPoolExecutor workers;
    private final Deque<PendingBatch> pending = new ArrayDeque<>();
    private Optional<Batch> ready = Optional.empty();
    private int next;
    private volatile boolean closed;

    /**
     * @param first number of the first batch
     * @param ahead number of batches that are loaded or being loaded before they are requested
     */
    PrefetchedBatches(FillableBatches batches, int first, int threads, int ahead) {
        this.batches = batches;
        this.next = first;
        this.ahead = ahead;
        this.workers = workers(threads);
        submitBatches();
        if (pending.isEmpty()) close();
    }

    /** Daemon threads. They time out when idle, so an epoch that is never closed leaks no threads. */
    private static ThreadPoolExecutor workers(int threads) {
        var tasks = new LinkedBlockingQueue<Runnable>(); // bounded by submitBatches()
        var workers = new ThreadPoolExecutor(threads, threads, IDLE_SECONDS, TimeUnit.SECONDS, tasks, task -> {
            Thread thread = new Thread(task, "vit4j-data");
            thread.setDaemon(true);
            return thread;
        });
        workers.allowCoreThreadTimeOut(true);
        return workers;
    }

    private void submitBatches() {
        while (pending.size() < ahead && next < batches.count()) {
            int number = next++;
            PendingBatch batch = new PendingBatch(batches.empty(number));
            pending.add(batch);
            for (int i = 0; i < batch.size(); i++) {
                int image = i;
                workers.execute(() -> batch.load(image, loaded -> !closed && batches.fill(loaded, number, image)));
            }
        }
    }

    /** Waits for a batch only if unreadable images are skipped: the remaining batches may then all be empty. */
    @Override
    public boolean hasNext() {
        if (!batches.skipsUnreadable()) return !pending.isEmpty();
        while (ready.isEmpty() && !pending.isEmpty()) ready = take();
        return ready.isPresent();
    }

    @Override
    public Batch next() {
        if (!hasNext()) throw new NoSuchElementException();
        Batch batch = ready.or(this::take).orElseThrow();
        ready = Optional.empty();
        return batch;
    }

    /** The next batch; empty if none of its images can be read. */
    private Optional<Batch> take() {
        PendingBatch first = pending.remove();
        submitBatches();
        boolean taken = false;
        try {
            long start = System.nanoTime();
            Optional<Batch> batch = first.await();
            batches.waited(System.nanoTime() - start);
            taken = !pending.isEmpty();
            return batch;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for a batch");
        } finally {
            if (!taken) close();
        }
    }

    @Override
    public void release(Batch batch) {
        batches.released(batch);
    }

    /** Stops after the image that each thread is reading. Interrupting a read would make the file look unreadable. */
    @Override
    public void close() {
        closed = true;
        pending.clear();
        workers.getQueue().clear();
        batches.close();
        workers.shutdown();
        boolean interrupted = Thread.interrupted();
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
