package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchShardTest {
    @Test
    void thePartsOfABatchAreItsImagesEachOnce() {
        for (int whole = 1; whole <= 40; whole++) {
            for (int parts = 1; parts <= 9; parts++) {
                List<Integer> all = new ArrayList<>();
                for (int part = 0; part < parts; part++) {
                    int[] positions = BatchShard.of(whole, part, parts).positions();
                    assertThat(positions).isSorted();
                    Arrays.stream(positions).forEach(all::add);
                }
                assertThat(all)
                        .as(whole + " in " + parts)
                        .containsExactlyInAnyOrderElementsOf(
                                IntStream.range(0, whole).boxed().toList());
            }
        }
    }

    @Test
    void partnersAreInOnePartAsFarFromItsEndsAsFromTheBatchs() {
        for (int whole = 1; whole <= 40; whole++) {
            for (int part = 0; part < 3; part++) {
                int[] positions = BatchShard.of(whole, part, 3).positions();
                for (int i = 0; i < positions.length; i++) {
                    assertThat(positions[positions.length - 1 - i]).isEqualTo(whole - 1 - positions[i]);
                }
            }
        }
    }

    @Test
    void partsAreAsLargeAsPairsAllow() {
        var sizes = IntStream.range(0, 4)
                .mapToObj(part -> BatchShard.of(63, part, 4).size())
                .collect(Collectors.toList());
        assertThat(sizes).containsExactly(16, 16, 16, 15);
    }
}
