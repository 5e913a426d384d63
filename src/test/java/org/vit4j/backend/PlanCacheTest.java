package org.vit4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanCacheTest {
    private final List<String> events = new ArrayList<>();
    private final PlanCache<LoggedPlan> cache = new PlanCache<>();

    private record LoggedPlan(int batch, List<String> events) implements CachedPlan {
        @Override
        public long bytes() {
            return batch;
        }

        @Override
        public void close() {
            events.add("close " + batch);
        }
    }

    private LoggedPlan get(int batch) {
        return cache.get(plan -> plan.batch() == batch, () -> {
            events.add("plan " + batch);
            return new LoggedPlan(batch, events);
        });
    }

    @Test
    void aPlanThatFitsIsReused() {
        LoggedPlan plan = get(8);
        assertThat(get(8)).isSameAs(plan);
        assertThat(events).containsExactly("plan 8");
    }

    @Test
    void theLeastRecentlyUsedPlanIsClosedBeforeTheNextIsMade() {
        for (int batch = 1; batch <= PlanCache.CAPACITY; batch++) get(batch);
        get(1);
        events.clear();
        get(99);
        assertThat(events).containsExactly("close 2", "plan 99");
        events.clear();
        get(1);
        assertThat(events).isEmpty();
    }

    @Test
    void bytesAreThoseOfTheCachedPlans() {
        for (int batch = 1; batch <= PlanCache.CAPACITY + 1; batch++) get(batch);
        assertThat(cache.bytes()).isEqualTo(2 + 3 + 4 + 5);
    }

    @Test
    void closingClosesAllPlans() {
        get(1);
        get(2);
        events.clear();
        cache.close();
        assertThat(events).containsExactlyInAnyOrder("close 1", "close 2");
        assertThat(cache.bytes()).isZero();
    }
}
