package org.vit4j.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Assigns offsets in an arena so that blocks with overlapping lifetimes do not share memory. Places the largest first
 * (Pisarchyk and Lee 2020, arXiv:2001.03288, "greedy by size").
 */
public final class MemoryPlanner {
    /** Choice among the gaps that can hold a block. */
    public enum GapChoice {
        /** The smallest sufficient gap. */
        SMALLEST,
        /** The gap at the lowest offset. */
        LOWEST
    }

    private static final Comparator<MemoryBlock> BY_SIZE =
            Comparator.comparingLong(MemoryBlock::length).reversed().thenComparingInt(MemoryBlock::first);

    private static final Comparator<MemoryBlock> BY_LIFETIME =
            Comparator.comparingInt(block -> block.first() - block.last());

    private final long alignment;
    private final GapChoice choice;
    private final List<MemoryBlock> placed = new ArrayList<>(); // by offset
    private long length;

    private MemoryPlanner(long alignment, GapChoice choice) {
        this.alignment = alignment;
        this.choice = choice;
    }

    /**
     * Assigns the offsets of all blocks.
     *
     * @param alignment every offset is a multiple of it, in the unit of the lengths
     * @return the required length of the arena
     */
    public static long assignOffsets(List<MemoryBlock> blocks, long alignment, GapChoice choice) {
        return assignOffsets(blocks, List.of(), alignment, choice);
    }

    /**
     * Assigns the offsets of all blocks around others whose offsets are given. The largest blocks come first. If the use of reserved
     * blocks begins at different times, a plan in which those come first that are in use for longest is made too, and the shorter
     * one chosen.
     *
     * @param reserved blocks at given offsets; one of length 0 is not crossed while it is in use
     * @param alignment every assigned offset is a multiple of it, in the unit of the lengths
     * @return the required length of the arena
     */
    public static long assignOffsets(
            List<MemoryBlock> blocks, List<MemoryBlock> reserved, long alignment, GapChoice choice) {
        boolean sameTime =
                reserved.stream().mapToInt(MemoryBlock::first).distinct().count() <= 1;
        if (sameTime) return assignOffsets(blocks, BY_SIZE, reserved, alignment, choice);
        long byLifetime = assignOffsets(blocks, BY_LIFETIME, reserved, alignment, choice);
        long bySize = assignOffsets(blocks, BY_SIZE, reserved, alignment, choice);
        return bySize <= byLifetime ? bySize : assignOffsets(blocks, BY_LIFETIME, reserved, alignment, choice);
    }

    private static long assignOffsets(
            List<MemoryBlock> blocks,
            Comparator<MemoryBlock> order,
            List<MemoryBlock> reserved,
            long alignment,
            GapChoice choice) {
        MemoryPlanner planner = new MemoryPlanner(alignment, choice);
        reserved.forEach(planner::add);
        blocks.stream().sorted(order).forEach(planner::place);
        return planner.length;
    }

    private void place(MemoryBlock block) {
        block.setOffset(offsetFor(block));
        add(block);
    }

    private void add(MemoryBlock block) {
        length = Math.max(length, end(block));
        int at = 0;
        while (at < placed.size() && placed.get(at).offset() <= block.offset()) at++;
        placed.add(at, block);
    }

    private long offsetFor(MemoryBlock block) {
        long best = -1;
        long smallest = Long.MAX_VALUE;
        long free = 0;
        for (MemoryBlock other : placed) {
            if (!other.overlaps(block)) continue;
            long gap = other.offset() - free;
            if (gap >= block.length() && gap < smallest) {
                if (choice == GapChoice.LOWEST) return free;
                smallest = gap;
                best = free;
            }
            free = Math.max(free, end(other));
        }
        return best >= 0 ? best : free;
    }

    private long end(MemoryBlock block) {
        return Alignment.roundUp(block.offset() + block.length(), alignment);
    }
}
