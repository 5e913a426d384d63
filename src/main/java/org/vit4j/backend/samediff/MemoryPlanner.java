package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Offsets in one stretch of memory, so that places whose times meet do not overlap: the largest first, each in the
 * smallest gap that its contemporaries leave (Pisarchyk and Lee 2020, arXiv:2001.03288, "greedy by size").
 */
final class MemoryPlanner {
    private final long grain;
    private final List<Allocation> placed = new ArrayList<>(); // by offset
    private long length;

    /** @param grain elements that every offset is a multiple of */
    MemoryPlanner(long grain) {
        this.grain = grain;
    }

    /** Elements that hold all places at their offsets. */
    static long place(List<Allocation> places, long grain) {
        MemoryPlanner arena = new MemoryPlanner(grain);
        places.stream()
                .sorted(Comparator.comparingLong((Allocation place) -> place.length)
                        .reversed())
                .forEach(arena::add);
        return arena.length;
    }

    private void add(Allocation place) {
        long best = -1;
        long smallest = Long.MAX_VALUE;
        long free = 0;
        for (Allocation other : placed) {
            if (!other.overlaps(place)) continue;
            long gap = other.offset() - free;
            if (gap >= place.length && gap < smallest) {
                smallest = gap;
                best = free;
            }
            free = Math.max(free, end(other));
        }
        place.put(best >= 0 ? best : free);
        length = Math.max(length, end(place));
        int at = 0;
        while (at < placed.size() && placed.get(at).offset() <= place.offset()) at++;
        placed.add(at, place);
    }

    private long end(Allocation place) {
        return (place.offset() + place.length + grain - 1) / grain * grain;
    }
}
