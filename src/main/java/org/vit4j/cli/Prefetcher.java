package org.vit4j.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Loads items ahead of their use with several threads, and returns them in order. */
final class Prefetcher<S, T> implements AutoCloseable {
    private final Iterator<S> sources;
    private final Function<S, T> load;
    private final int ahead;
    private final ExecutorService workers;
    private final Deque<Future<T>> pending = new ArrayDeque<>();

    /** @param ahead number of items that are loaded or being loaded before they are requested */
    Prefetcher(List<S> sources, Function<S, T> load, int threads, int ahead) {
        this.sources = sources.iterator();
        this.load = load;
        this.ahead = ahead;
        this.workers = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "vit4j-images");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Returns the next item, or throws the exception of its loading; later items are not affected. */
    T next() {
        while (pending.size() < ahead && sources.hasNext()) {
            S source = sources.next();
            pending.add(workers.submit(() -> load.apply(source)));
        }
        try {
            return pending.remove().get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) throw cause;
            if (e.getCause() instanceof Error cause) throw cause;
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for an image");
        }
    }

    /** Cancels what has not been started. */
    @Override
    public void close() {
        pending.forEach(item -> item.cancel(false));
        workers.shutdown();
    }
}
