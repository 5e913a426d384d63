package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

class WeightMemoryTest {
    @Test
    void arraysAreAlignedToCacheLinesAndDoNotOverlap() {
        Random random = new Random(1);
        List<long[]> arrays = new ArrayList<>(); // address, bytes
        try (WeightMemory memory = new WeightMemory()) {
            for (int i = 0; i < 40; i++) {
                long bytes = 1L + random.nextInt(4 << 20);
                arrays.add(new long[] {memory.allocate(bytes), bytes});
            }
            for (long[] array : arrays) Pointer.memset(new Kernels.RawPointer(array[0]), 1, array[1]);
        }
        assertThat(arrays)
                .allSatisfy(array -> assertThat(array[0] % WeightMemory.LINE).isZero());
        arrays.sort((a, b) -> Long.compare(a[0], b[0]));
        for (int i = 1; i < arrays.size(); i++)
            assertThat(arrays.get(i - 1)[0] + arrays.get(i - 1)[1]).isLessThanOrEqualTo(arrays.get(i)[0]);
    }

    @Test
    void smallArraysShareABlockAndALargeOneHasItsOwn() {
        try (WeightMemory memory = new WeightMemory()) {
            long first = memory.allocate(100);
            assertThat(memory.allocate(1)).isEqualTo(first + 2 * WeightMemory.LINE);
            long large = memory.allocate(64L << 20);
            long after = memory.allocate(1);
            assertThat(after < large || after >= large + (64L << 20)).isTrue();
        }
    }

    @Test
    void memoryIsUsableAgainAfterItWasClosed() {
        WeightMemory memory = new WeightMemory();
        memory.allocate(100);
        memory.close();
        Pointer.memset(new Kernels.RawPointer(memory.allocate(100)), 1, 100);
        memory.close();
    }
}
