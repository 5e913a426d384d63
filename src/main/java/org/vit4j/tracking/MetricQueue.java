package org.vit4j.tracking;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.tracking.MlflowServer.MlflowFailure;

/**
 * Values on their way to the server. A thread of its own sends them in batches, in order, and repeats a batch until the
 * server accepts it: the values on the server are always a prefix of those added.
 */
final class MetricQueue {
    private static final Logger LOG = LoggerFactory.getLogger(MetricQueue.class);
    /** MLflow's limit of a request. */
    private static final int BATCH = 1000;
    /** Time to send the rest before the log says so. */
    private static final Duration SILENT = Duration.ofSeconds(2);

    /** Sends a batch. */
    interface BatchSender {
        void send(List<MetricPoint> batch) throws MlflowFailure;
    }

    /**
     * Times of the queue.
     *
     * @param collect time to wait for more values before a request
     * @param retry time between two attempts after a failure
     * @param close time to send the rest at the end
     * @param interrupted time without an answer after which an interrupted run ends; distant servers answer within it
     */
    record QueueTimes(Duration collect, Duration retry, Duration close, Duration interrupted) {
        static final QueueTimes DEFAULT = new QueueTimes(
                Duration.ofSeconds(2), Duration.ofSeconds(15), Duration.ofSeconds(30), Duration.ofSeconds(5));
    }

    private final BatchSender sender;
    private final QueueTimes times;
    private final int capacity;
    private final Thread thread;
    private final Deque<MetricPoint> waiting = new ArrayDeque<>(); // guarded by this, as all below
    private int sent;
    private int discarded;
    private boolean failing;
    private String problem = "no answer";
    private boolean closing;

    /** @param capacity number of values kept while the server does not answer; later ones are discarded */
    MetricQueue(BatchSender sender, QueueTimes times, int capacity) {
        this.sender = sender;
        this.times = times;
        this.capacity = capacity;
        this.thread = new Thread(this::run, "mlflow-metrics");
        thread.setDaemon(true);
        thread.start();
    }

    /** Adds values without waiting for the server. */
    synchronized void add(List<MetricPoint> values) {
        // A gap would look like values that were sent to a resumed run, so nothing follows the first that is discarded.
        if (discarded > 0 || waiting.size() + values.size() > capacity) discarded += values.size();
        else waiting.addAll(values);
        notifyAll();
    }

    private void run() {
        try {
            for (List<MetricPoint> batch = next(); !batch.isEmpty(); batch = next()) send(batch);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the time of the end is over
        }
    }

    /** Returns the next batch; empty at the end. */
    private synchronized List<MetricPoint> next() throws InterruptedException {
        while (waiting.isEmpty() && !closing) wait();
        long end = System.nanoTime() + times.collect.toNanos();
        while (!closing && waiting.size() < BATCH && end - System.nanoTime() > 0) {
            wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
        }
        return waiting.stream().limit(BATCH).toList();
    }

    private void send(List<MetricPoint> batch) throws InterruptedException {
        try {
            sender.send(batch);
            sent(batch.size());
        } catch (MlflowFailure e) {
            failed(e);
        }
    }

    private synchronized void sent(int count) {
        for (int i = 0; i < count; i++) waiting.remove();
        sent += count;
        if (failing) LOG.info("the MLflow server answers again");
        failing = false;
    }

    private synchronized void failed(MlflowFailure failure) throws InterruptedException {
        if (Thread.interrupted()) throw new InterruptedException(); // by close(): the last failure remains the reason
        if (!failing) LOG.warn("MLflow: {}; training continues, and the values are sent later", failure.getMessage());
        failing = true;
        problem = failure.getMessage();
        long pause = closing ? Math.min(1000, times.retry.toMillis()) : times.retry.toMillis();
        long end = System.nanoTime() + Duration.ofMillis(pause).toNanos();
        boolean closingBefore = closing;
        while (closing == closingBefore && end - System.nanoTime() > 0) {
            wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
        }
    }

    private synchronized int sent() {
        return sent;
    }

    /**
     * Sends the rest, for a limited time. Returns the values that were not sent; discarded ones are only counted.
     *
     * @param stop returns true after an interrupt
     */
    List<MetricPoint> close(BooleanSupplier stop) {
        synchronized (this) {
            closing = true;
            notifyAll();
        }
        SendWait wait = new SendWait(stop, this::sent, times.interrupted);
        boolean hasMore = times.close.compareTo(SILENT) > 0;
        if (!wait.join(thread, hasMore ? SILENT : times.close) && hasMore && !wait.isStopped()) {
            LOG.info("waiting up to {} s for the MLflow server", times.close.toSeconds());
            wait.join(thread, times.close.minus(SILENT));
        }
        thread.interrupt();
        synchronized (this) {
            return new ArrayList<>(waiting);
        }
    }

    /** Last failure. */
    synchronized String problem() {
        return problem;
    }

    /** Number of values that did not fit into the queue. */
    synchronized int discarded() {
        return discarded;
    }
}
