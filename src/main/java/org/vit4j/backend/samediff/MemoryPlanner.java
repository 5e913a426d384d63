package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Assigns offsets in an planner so that allocations with overlapping lifetimes do not share memory. Places the largest
 * first, each in the smallest sufficient gap (Pisarchyk and Lee 2020, arXiv:2001.03288, "greedy by size").
 */
final class MemoryPlanner {
    private final long alignment;
    private final List<Allocation> placed = new ArrayList<>(); // by offset
    private long length;

    /** @param alignment every offset is a multiple of it, in elements */
    MemoryPlanner(long alignment) {
        this.alignment = alignment;
    }

    /** Assigns all offsets; returns the required length of the arena in elements. */
    static long assignOffsets(List<Allocation> allocations, long alignment) {
        MemoryPlanner planner = new MemoryPlanner(alignment);
        allocations.stream()
                .sorted(Comparator.comparingLong((Allocation allocation) -> allocation.length)
                        .reversed())
                .forEach(planner::add);
        return planner.length;
    }

    private void add(Allocation allocation) {
        long best = -1;
        long smallest = Long.MAX_VALUE;
        long free = 0;
        for (Allocation other : placed) {
            if (!other.overlaps(allocation)) continue;
            long gap = other.offset() - free;
            if (gap >= allocation.length && gap < smallest) {
                smallest = gap;
                best = free;
            }
            free = Math.max(free, end(other));
        }
        allocation.setOffset(best >= 0 ? best : free);
        length = Math.max(length, end(allocation));
        int at = 0;
        while (at < placed.size() && placed.get(at).offset() <= allocation.offset()) at++;
        placed.add(at, allocation);
    }

    private long end(Allocation allocation) {
        return (allocation.offset() + allocation.length + alignment - 1) / alignment * alignment;
    }
}
