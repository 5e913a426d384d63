package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.vit4j.data.datasets.ShardLayout;

class BufferedShuffleTest {
    private static final List<Integer> SIZES = List.of(40, 7, 1, 52);

    private static BufferedShuffle of(int buffer, long seed, int epoch) {
        return BufferedShuffle.of(new ShardLayout(SIZES, buffer), seed, epoch);
    }

    @Test
    void everyImageOccursOnceAndSoonAfterItIsRead() {
        for (int buffer : new int[] {1, 2, 10, 99, 100, 1000}) {
            BufferedShuffle order = of(buffer, 3, 1);
            assertThat(Arrays.stream(order.images()).sorted()).containsExactlyElementsOf(all());
            assertThat(Arrays.stream(order.reads()).sorted()).containsExactlyElementsOf(all());
            int[] read = new int[100];
            for (int i = 0; i < 100; i++) read[order.reads()[i]] = i;
            for (int i = 0; i < 100; i++) assertThat(read[order.images()[i]]).isLessThan(i + buffer);
        }
    }

    private static List<Integer> all() {
        return IntStream.range(0, 100).boxed().toList();
    }

    @Test
    void shardsAreReadInRandomOrderAndEachInSequence() {
        int[] reads = of(1, 0, 0).reads();
        assertThat(of(1, 0, 0).images()).isEqualTo(reads);
        int jumps = 0;
        for (int i = 1; i < reads.length; i++) if (reads[i] != reads[i - 1] + 1) jumps++;
        assertThat(jumps).isLessThan(SIZES.size());
        assertThat(IntStream.range(0, 8)
                        .mapToObj(epoch -> of(1, 0, epoch).reads()[0])
                        .distinct())
                .hasSizeGreaterThan(1);
    }

    @Test
    void orderDependsOnSeedAndEpochOnly() {
        assertThat(of(10, 1, 2).images()).isEqualTo(of(10, 1, 2).images());
        assertThat(of(10, 1, 2).images())
                .isNotEqualTo(of(10, 1, 3).images())
                .isNotEqualTo(of(10, 2, 2).images());
    }

    @Test
    void imagesOfABufferAreDrawnWithEqualProbability() {
        int[] counts = new int[10];
        ShardLayout one = new ShardLayout(List.of(50), 10);
        for (int seed = 0; seed < 10_000; seed++)
            counts[BufferedShuffle.of(one, seed, 0).images()[0]]++;
        // Standard deviation 30; the generator is seeded, so that the counts are always the same.
        assertThat(Arrays.stream(counts).boxed()).allMatch(count -> count > 880 && count < 1120);
    }
}
