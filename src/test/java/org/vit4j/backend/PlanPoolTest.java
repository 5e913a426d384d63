package org.vit4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A plan runs one call at a time, and calls run at the same time while there are processors. */
class PlanPoolTest {
    private static final class PooledPlan implements CachedPlan {
        final int key;
        boolean closed;

        PooledPlan(int key) {
            this.key = key;
        }

        @Override
        public long bytes() {
            return 1;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private final List<PooledPlan> made = Collections.synchronizedList(new ArrayList<>());

    private PooledPlan plan(int key) {
        PooledPlan plan = new PooledPlan(key);
        made.add(plan);
        return plan;
    }

    private PooledPlan call(PlanPool<PooledPlan> pool, int key) {
        return pool.run(1, plan -> plan.key == key, () -> plan(key), plan -> plan);
    }

    @Test
    void sequentialCallsReuseOnePlan() {
        try (PlanPool<PooledPlan> pool = new PlanPool<>(4)) {
            assertThat(call(pool, 1)).isSameAs(call(pool, 1));
        }
        assertThat(made).hasSize(1).allMatch(plan -> plan.closed);
    }

    @Test
    void idlePlansAreClosedBeyondTheCapacity() {
        try (PlanPool<PooledPlan> pool = new PlanPool<>(1)) {
            for (int key = 0; key <= PlanCache.CAPACITY; key++) call(pool, key);
            assertThat(made.stream().filter(plan -> plan.closed)).containsExactly(made.get(0));
        }
    }

    @Test
    void callsOfOneThreadEachRunAtTheSameTimeOnTheirOwnPlans() throws Exception {
        CyclicBarrier together = new CyclicBarrier(2);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (PlanPool<PooledPlan> pool = new PlanPool<>(2)) {
            List<Future<PooledPlan>> calls = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                calls.add(threads.submit(() -> pool.run(1, plan -> true, () -> plan(0), plan -> {
                    await(together);
                    return plan;
                })));
            }
            assertThat(calls.get(0).get()).isNotSameAs(calls.get(1).get());
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void callsThatUseAllProcessorsRunOneAfterTheOther() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (PlanPool<PooledPlan> pool = new PlanPool<>(2)) {
            Future<PooledPlan> first = threads.submit(() -> pool.run(8, plan -> true, () -> plan(0), plan -> {
                inside.countDown();
                await(go);
                return plan;
            }));
            inside.await();
            Future<PooledPlan> second = threads.submit(() -> call(pool, 0));
            assertThat(second.isDone()).isFalse();
            go.countDown();
            assertThat(second.get(60, TimeUnit.SECONDS)).isSameAs(first.get(60, TimeUnit.SECONDS));
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void closeWaitsForCallsAndLaterCallsFail() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            PlanPool<PooledPlan> pool = new PlanPool<>(1);
            Future<Boolean> openAtTheEnd = threads.submit(() -> pool.run(1, plan -> true, () -> plan(0), plan -> {
                inside.countDown();
                await(go);
                return !plan.closed;
            }));
            inside.await();
            Future<?> close = threads.submit(pool::close);
            go.countDown();
            close.get(60, TimeUnit.SECONDS);
            assertThat(openAtTheEnd.get(60, TimeUnit.SECONDS)).isTrue();
            assertThat(made).allMatch(plan -> plan.closed);
            assertThatThrownBy(() -> call(pool, 0)).hasMessageContaining("is closed");
            assertThat(made).hasSize(1);
            pool.close();
        } finally {
            threads.shutdown();
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
