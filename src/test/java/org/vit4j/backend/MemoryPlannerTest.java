package org.vit4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.backend.MemoryPlanner.GapChoice;

/** Memory plans of random lifetimes; the number in a test's name is the seed. */
class MemoryPlannerTest {
    private static final int STEPS = 60;
    private static final int GRAIN = 16;

    static Stream<Arguments> plans() {
        return Arrays.stream(GapChoice.values())
                .flatMap(choice -> Stream.of(1L, 2L, 3L, 4L, 5L).map(seed -> Arguments.of(choice, seed)));
    }

    private static List<MemoryBlock> randomBlocks(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<MemoryBlock> blocks = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int first = random.nextInt(STEPS);
            blocks.add(block(random.nextInt(1, 500), first, Math.min(STEPS - 1, first + random.nextInt(12))));
        }
        return blocks;
    }

    private static MemoryBlock block(long length, int first, int last) {
        MemoryBlock block = new MemoryBlock(length);
        block.extendLifetime(last);
        block.extendLifetime(first);
        return block;
    }

    private static long padded(MemoryBlock block) {
        return (block.length() + GRAIN - 1) / GRAIN * GRAIN;
    }

    private static boolean areDisjoint(MemoryBlock a, MemoryBlock b) {
        return a.offset() + a.length() <= b.offset() || b.offset() + b.length() <= a.offset();
    }

    @ParameterizedTest
    @MethodSource("plans")
    void blocksWithOverlappingLifetimesDoNotShareMemory(GapChoice choice, long seed) {
        List<MemoryBlock> blocks = randomBlocks(seed);
        long length = MemoryPlanner.assignOffsets(blocks, GRAIN, choice);
        for (MemoryBlock a : blocks) {
            assertThat(a.offset() % GRAIN).isZero();
            assertThat(a.offset() + a.length()).isLessThanOrEqualTo(length);
            for (MemoryBlock b : blocks) {
                if (a != b && a.overlaps(b)) assertThat(areDisjoint(a, b)).isTrue();
            }
        }
    }

    /** No plan can be smaller than the blocks in use at the busiest step. */
    @ParameterizedTest
    @MethodSource("plans")
    void memoryIsReusedWithAtMost25PercentOverhead(GapChoice choice, long seed) {
        List<MemoryBlock> blocks = randomBlocks(seed);
        long length = MemoryPlanner.assignOffsets(blocks, GRAIN, choice);
        long busiest = 0;
        for (int step = 0; step < STEPS; step++) {
            MemoryBlock now = block(1, step, step);
            long sum = blocks.stream()
                    .filter(now::overlaps)
                    .mapToLong(MemoryPlannerTest::padded)
                    .sum();
            busiest = Math.max(busiest, sum);
        }
        assertThat(length).isBetween(busiest, busiest * 5 / 4);
    }

    @ParameterizedTest
    @MethodSource("plans")
    void plansAreReproducible(GapChoice choice, long seed) {
        List<MemoryBlock> first = randomBlocks(seed);
        List<MemoryBlock> second = randomBlocks(seed);
        assertThat(MemoryPlanner.assignOffsets(first, GRAIN, choice))
                .isEqualTo(MemoryPlanner.assignOffsets(second, GRAIN, choice));
        assertThat(first.stream().map(MemoryBlock::offset))
                .containsExactlyElementsOf(
                        second.stream().map(MemoryBlock::offset).toList());
    }

    @ParameterizedTest
    @MethodSource("plans")
    void reservedBlocksKeepTheirPlaceWhileTheyAreInUse(GapChoice choice, long seed) {
        List<MemoryBlock> blocks = randomBlocks(seed);
        List<MemoryBlock> reserved = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            MemoryBlock block = MemoryBlock.at(i * 500L + 3, 490);
            block.extendLifetime(2 * i);
            block.extendLifetime(STEPS);
            reserved.add(block);
        }
        MemoryBlock end = MemoryBlock.at(10_000, 0);
        end.extendLifetime(0);
        end.extendLifetime(STEPS);
        reserved.add(end);
        long alone = MemoryPlanner.assignOffsets(randomBlocks(seed), GRAIN, choice);
        long length = MemoryPlanner.assignOffsets(blocks, reserved, GRAIN, choice);
        assertThat(length - end.offset()).as("beyond the reserved blocks").isBetween(0L, alone - 1);
        assertThat(reserved.get(3).offset()).isEqualTo(1503);
        for (MemoryBlock block : blocks) {
            assertThat(block.offset() + block.length() <= end.offset() || block.offset() >= end.offset())
                    .isTrue();
            for (MemoryBlock other : reserved) {
                if (block.overlaps(other)) assertThat(areDisjoint(block, other)).isTrue();
            }
        }
    }

    /** The larger block fits below the later reserved one too, the longer-lived block only there. */
    @Test
    void blocksThatAreInUseForLongestTakeTheReservedMemoryThatIsFreeForLongest() {
        MemoryBlock early = MemoryBlock.at(100, 100);
        early.extendLifetime(3);
        early.extendLifetime(9);
        MemoryBlock late = MemoryBlock.at(0, 100);
        late.extendLifetime(8);
        late.extendLifetime(9);
        MemoryBlock end = MemoryBlock.at(200, 0);
        end.extendLifetime(0);
        end.extendLifetime(9);
        List<MemoryBlock> blocks = List.of(block(100, 0, 1), block(90, 0, 6));
        assertThat(MemoryPlanner.assignOffsets(blocks, List.of(late, early, end), 1, GapChoice.LOWEST))
                .isEqualTo(200);
        assertThat(blocks.get(1).offset()).isZero();
    }

    @Test
    void blocksUsedOneAfterTheOtherShareMemory() {
        List<MemoryBlock> chain = List.of(block(100, 0, 1), block(100, 2, 3), block(90, 4, 5));
        assertThat(MemoryPlanner.assignOffsets(chain, 1, GapChoice.LOWEST)).isEqualTo(100);
    }

    @Test
    void aBlockReadInTheStepThatWritesAnotherDoesNotShareItsMemory() {
        List<MemoryBlock> pair = List.of(block(100, 0, 1), block(100, 1, 2));
        assertThat(MemoryPlanner.assignOffsets(pair, 1, GapChoice.LOWEST)).isEqualTo(200);
    }

    /** Four blocks fill [0, 185) at step 0; at step 1 the gaps [0, 60) and [110, 150) are free. */
    @Test
    void choicesDifferInTheGap() {
        assertThat(offsetOfLastBlock(GapChoice.LOWEST)).isEqualTo(0);
        assertThat(offsetOfLastBlock(GapChoice.SMALLEST)).isEqualTo(110);
    }

    private static long offsetOfLastBlock(GapChoice choice) {
        MemoryBlock last = block(30, 1, 1);
        List<MemoryBlock> blocks = List.of(block(60, 0, 0), block(50, 0, 1), block(40, 0, 0), block(35, 0, 1), last);
        assertThat(MemoryPlanner.assignOffsets(blocks, 1, choice)).isEqualTo(185);
        return last.offset();
    }

    @Test
    void anEmptyPlanNeedsNoMemory() {
        assertThat(MemoryPlanner.assignOffsets(List.of(), GRAIN, GapChoice.LOWEST))
                .isZero();
    }
}
