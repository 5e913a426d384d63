package org.vit4j.data.shards;

import java.util.Arrays;
import java.util.concurrent.CancellationException;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.ImagePass;
import org.vit4j.data.datasets.ReadPlan;
import org.vit4j.data.image.Image;
import org.vit4j.io.RunException;

/**
 * Reads the encoded images of a pass in the order of the shards, by one thread, and holds each until it is used. At most as many
 * are held as the order needs (the shuffle buffer), and {@value #AHEAD} more.
 */
final class ReadAhead implements ImagePass {
    private static final int AHEAD = 64;

    /** Result of a position that is requested again. */
    private static final Object USED = new Object();

    private final ShardedImages dataset;
    private final ReadPlan plan;
    private final int[] reads; // images that are needed, in the order of reading
    private final int[] place; // of an image in reads
    private final int[] uses; // that remain, by place
    private final int[] limits; // number of reads that all positions up to each need
    private final Object[] results; // byte[] or ConfigError, by place
    private int allowed;
    private boolean closed;
    private Throwable failure;

    ReadAhead(ShardedImages dataset, ReadPlan plan) {
        this.dataset = dataset;
        this.plan = plan;
        this.place = new int[dataset.size()];
        for (int p = plan.from(); p < plan.to(); p++) place[plan.images()[p]]++;
        this.reads =
                Arrays.stream(plan.reads()).filter(image -> place[image] > 0).toArray();
        this.uses = new int[reads.length];
        for (int i = 0; i < reads.length; i++) {
            uses[i] = place[reads[i]];
            place[reads[i]] = i;
        }
        this.results = new Object[reads.length];
        this.limits = new int[plan.to() - plan.from()];
        int limit = 0;
        int held = 0;
        for (int i = 0; i < limits.length; i++) {
            limit = Math.max(limit, place[plan.images()[plan.from() + i]] + 1);
            limits[i] = limit;
            held = Math.max(held, limit - i);
        }
        dataset.requireMemory(Math.min(held, reads.length));
        if (limits.length > 0) allow(0);
        Thread reader = new Thread(this::readAll, "vit4j-read");
        reader.setDaemon(true);
        reader.start();
    }

    private void allow(int i) {
        allowed = Math.max(allowed, Math.min(reads.length, limits[i] + AHEAD));
    }

    private void readAll() {
        try (ShardStore.StoreCursor cursor = dataset.open()) {
            for (int i = 0; i < reads.length; i++) {
                if (!awaitAllowed(i)) return;
                Object result;
                try {
                    result = cursor.read(dataset.row(reads[i]));
                } catch (ConfigError e) {
                    result = e;
                }
                put(i, result);
            }
        } catch (InterruptedException e) {
            fail(new CancellationException("interrupted while reading"));
        } catch (OutOfMemoryError e) {
            fail(new RunException(
                    "not enough memory for the encoded images; lower data.shuffle_buffer, or raise the limit of the Java"
                            + " heap with VIT4J_JAVA_OPTS=-Xmx8g",
                    e));
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    private synchronized boolean awaitAllowed(int i) throws InterruptedException {
        while (!closed && i >= allowed) wait();
        return !closed;
    }

    private synchronized void put(int i, Object result) {
        results[i] = result;
        notifyAll();
    }

    private synchronized void fail(Throwable e) {
        failure = e;
        Arrays.fill(results, null);
        notifyAll();
    }

    @Override
    public Image image(int position) {
        int index = plan.images()[position];
        Object result = take(position, place[index]);
        if (result == USED) return dataset.image(index);
        if (result instanceof ConfigError problem) return dataset.replacement(index, problem);
        return dataset.decodeOrReplace(index, (byte[]) result);
    }

    private synchronized Object take(int position, int at) {
        allow(position - plan.from());
        notifyAll();
        while (results[at] == null) {
            if (uses[at] == 0) return USED;
            if (closed) throw new CancellationException("the pass is closed");
            if (failure instanceof RuntimeException e) throw e;
            if (failure instanceof Error e) throw e;
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted while waiting for an image");
            }
        }
        Object result = results[at];
        if (--uses[at] == 0) results[at] = null;
        return result;
    }

    /** Number of images that are held. */
    synchronized int held() {
        return (int) Arrays.stream(results).filter(result -> result != null).count();
    }

    @Override
    public synchronized void close() {
        closed = true;
        Arrays.fill(results, null);
        notifyAll();
    }
}
