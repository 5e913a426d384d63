package org.vit4j.backend.onednn;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** The plans used last; more would hold memory that nobody comes back to. */
final class PlanCache<K> implements AutoCloseable {
    /** A training batch, the last one of an epoch, an evaluation batch, its last one. */
    private static final int CAPACITY = 4;

    private final Function<K, OneDnnPlan> draw;
    private final Map<K, OneDnnPlan> plans = new LinkedHashMap<>(8, 0.75f, true);

    PlanCache(Function<K, OneDnnPlan> draw) {
        this.draw = draw;
    }

    OneDnnPlan get(K key) {
        OneDnnPlan plan = plans.get(key);
        if (plan != null) return plan;
        if (plans.size() == CAPACITY) {
            K oldest = plans.keySet().iterator().next();
            plans.remove(oldest).close();
        }
        OneDnnPlan drawn = draw.apply(key);
        plans.put(key, drawn);
        return drawn;
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
