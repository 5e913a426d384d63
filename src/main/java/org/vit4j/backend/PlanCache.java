package org.vit4j.backend;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** LRU cache of plans. Each plan holds memory for all of its temporaries, so the cache is small. Not thread-safe. */
public final class PlanCache<P extends CachedPlan> implements AutoCloseable {
    /** Batch sizes in use: training and evaluation, each with a smaller last batch. */
    public static final int CAPACITY = 4;

    private final Deque<P> plans = new ArrayDeque<>(); // most recently used first

    /**
     * Returns the most recently used plan that fits, or makes one. A full cache closes its least recently used plan
     * first, so that its memory is free before the new plan allocates.
     */
    public P get(Predicate<P> fits, Supplier<P> planner) {
        P plan = plans.stream().filter(fits).findFirst().orElse(null);
        if (plan != null) {
            plans.remove(plan);
        } else {
            if (plans.size() == CAPACITY) plans.removeLast().close();
            plan = planner.get();
        }
        plans.addFirst(plan);
        return plan;
    }

    /** Bytes of memory of all cached plans. */
    public long bytes() {
        return plans.stream().mapToLong(CachedPlan::bytes).sum();
    }

    @Override
    public void close() {
        plans.forEach(CachedPlan::close);
        plans.clear();
    }
}
