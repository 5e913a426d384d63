package org.vit4j.backend.onednn;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** LRU cache of plans. Each plan holds memory for all of its temporaries, so the cache is small. */
final class PlanCache<K> implements AutoCloseable {
    /** Batch sizes in use: training and evaluation, each with a smaller last batch. */
    private static final int CAPACITY = 4;

    private final Function<K, OneDnnPlan> planner;
    private final Map<K, OneDnnPlan> plans = new LinkedHashMap<>(8, 0.75f, true);

    PlanCache(Function<K, OneDnnPlan> planner) {
        this.planner = planner;
    }

    OneDnnPlan get(K key) {
        OneDnnPlan plan = plans.get(key);
        if (plan != null) return plan;
        if (plans.size() == CAPACITY) {
            K oldest = plans.keySet().iterator().next();
            plans.remove(oldest).close();
        }
        plan = planner.apply(key);
        plans.put(key, plan);
        return plan;
    }

    long bytes() {
        return plans.values().stream().mapToLong(OneDnnPlan::bytes).sum();
    }

    @Override
    public void close() {
        plans.values().forEach(OneDnnPlan::close);
        plans.clear();
    }
}
