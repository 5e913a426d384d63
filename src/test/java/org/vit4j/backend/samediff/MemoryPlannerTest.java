package org.vit4j.backend.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;

class MemoryPlannerTest {
    private static final int STEPS = 60;
    private static final int GRAIN = 16;

    private static List<Allocation> randomAllocations(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Allocation> allocations = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Allocation allocation = Allocation.inArena(DataType.FLOAT, random.nextInt(1, 500));
            int first = random.nextInt(STEPS);
            allocation.extendLifetime(first);
            allocation.extendLifetime(Math.min(STEPS - 1, first + random.nextInt(12)));
            allocations.add(allocation);
        }
        return allocations;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void allocationsWithOverlappingLifetimesDoNotShareMemory(long seed) {
        List<Allocation> allocations = randomAllocations(seed);
        long length = MemoryPlanner.assignOffsets(allocations, GRAIN);
        for (Allocation a : allocations) {
            assertThat(a.offset() % GRAIN).isZero();
            assertThat(a.offset() + a.length).isLessThanOrEqualTo(length);
            for (Allocation b : allocations) {
                if (a == b || !a.overlaps(b)) continue;
                assertThat(a.offset() + a.length <= b.offset() || b.offset() + b.length <= a.offset())
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void memoryIsReusedWithAtMost25PercentOverhead(long seed) {
        List<Allocation> allocations = randomAllocations(seed);
        long length = MemoryPlanner.assignOffsets(allocations, GRAIN);
        long busiest = 0;
        for (int step = 0; step < STEPS; step++) {
            Allocation now = Allocation.inArena(DataType.FLOAT, 1);
            now.extendLifetime(step);
            long sum = allocations.stream()
                    .filter(now::overlaps)
                    .mapToLong(allocation -> (allocation.length + GRAIN - 1) / GRAIN * GRAIN)
                    .sum();
            busiest = Math.max(busiest, sum);
        }
        assertThat(length).isBetween(busiest, busiest * 5 / 4);
    }
}
