package org.vit4j.backend;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Plans for concurrent calls. A plan runs one call at a time; further calls run on further plans while there are
 * processors for them, and wait otherwise. Idle plans are kept, the least recently used ones are closed.
 */
public final class PlanPool<P extends CachedPlan> implements AutoCloseable {
    private final int processors;
    private final Semaphore free;
    private final Deque<P> idle = new ArrayDeque<>(); // most recently used first
    private boolean closed;

    /** @param processors available to all calls together */
    public PlanPool(int processors) {
        this.processors = processors;
        this.free = new Semaphore(processors, true);
    }

    /**
     * Runs a call on a plan that fits, or on a new one.
     *
     * @param threads number of threads that the call uses
     * @throws IllegalStateException if the pool is closed, also while the call waited
     */
    public <T> T run(int threads, Predicate<P> fits, Supplier<P> planner, Function<P, T> call) {
        int permits = Math.min(threads, processors);
        free.acquireUninterruptibly(permits);
        try {
            P plan = take(fits, planner);
            try {
                return call.apply(plan);
            } finally {
                release(plan);
            }
        } finally {
            free.release(permits);
        }
    }

    /** The exception of a call after the model was closed. */
    public static IllegalStateException closedException() {
        return new IllegalStateException("the model is closed; use it before close(), or load it again");
    }

    private synchronized P take(Predicate<P> fits, Supplier<P> planner) {
        if (closed) throw closedException();
        P plan = idle.stream().filter(fits).findFirst().orElse(null);
        if (plan != null) {
            idle.remove(plan);
            return plan;
        }
        // Free memory before the new plan allocates.
        if (idle.size() >= PlanCache.CAPACITY) idle.removeLast().close();
        return planner.get();
    }

    private synchronized void release(P plan) {
        idle.addFirst(plan);
        while (idle.size() > Math.max(PlanCache.CAPACITY, processors))
            idle.removeLast().close();
    }

    /** Waits for the calls before, then closes all plans; later calls fail. */
    @Override
    public void close() {
        free.acquireUninterruptibly(processors);
        try {
            synchronized (this) {
                closed = true;
                idle.forEach(CachedPlan::close);
                idle.clear();
            }
        } finally {
            free.release(processors);
        }
    }
}
