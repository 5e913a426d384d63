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
    void shardsPartitionTheBatch() {
        for (int batchSize = 1; batchSize <= 40; batchSize++) {
            for (int shards = 1; shards <= 9; shards++) {
                List<Integer> all = new ArrayList<>();
                for (int shard = 0; shard < shards; shard++) {
                    int[] positions = BatchShard.of(batchSize, shard, shards).positions();
                    assertThat(positions).isSorted();
                    Arrays.stream(positions).forEach(all::add);
                }
                assertThat(all)
                        .as(batchSize + " in " + shards)
                        .containsExactlyInAnyOrderElementsOf(
                                IntStream.range(0, batchSize).boxed().toList());
            }
        }
    }

    @Test
    void partnersAreInTheSameShardAtMirroredPositions() {
        for (int batchSize = 1; batchSize <= 40; batchSize++) {
            for (int shard = 0; shard < 3; shard++) {
                int[] positions = BatchShard.of(batchSize, shard, 3).positions();
                for (int i = 0; i < positions.length; i++) {
                    assertThat(positions[positions.length - 1 - i]).isEqualTo(batchSize - 1 - positions[i]);
                }
            }
        }
    }

    @Test
    void shardSizesDifferByAtMostOnePair() {
        var sizes = IntStream.range(0, 4)
                .mapToObj(shard -> BatchShard.of(63, shard, 4).size())
                .collect(Collectors.toList());
        assertThat(sizes).containsExactly(16, 16, 16, 15);
    }
}
