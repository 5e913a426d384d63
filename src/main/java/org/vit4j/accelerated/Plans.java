package org.vit4j.accelerated;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** The plans used last; more would hold memory that nobody comes back to. */
final class Plans<K> implements AutoCloseable {
    /** A training batch, the last one of an epoch, an evaluation batch, its last one. */
    private static final int KEPT = 4;

    private final Function<K, Plan> draw;
    private final Map<K, Plan> plans = new LinkedHashMap<>(8, 0.75f, true);

    Plans(Function<K, Plan> draw) {
        this.draw = draw;
    }

    Plan get(K key) {
        Plan plan = plans.get(key);
        if (plan != null) return plan;
        if (plans.size() == KEPT) {
            K oldest = plans.keySet().iterator().next();
            plans.remove(oldest).close();
        }
        Plan drawn = draw.apply(key);
        plans.put(key, drawn);
        return drawn;
    }

    long bytes() {
        return plans.values().stream().mapToLong(Plan::bytes).sum();
    }

    @Override
    public void close() {
        plans.values().forEach(Plan::close);
        plans.clear();
    }
}
