package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;

/**
 * One piece of memory for all temporaries of a plan. Two buffers share a place when no step needs both.
 *
 * <p>The largest first, each at the lowest place where it fits (Pisarchyk and Lee 2020, arXiv:2001.03288, "greedy by
 * size").
 */
final class BufferArena implements AutoCloseable {
    /**
     * A page, in floats. Processors take a load for one that waits for a store when both lie equally far into their pages:
     * with arrays that begin anywhere the gradient of GELU took five times as long.
     */
    private static final long PAGE = 1024;

    private record BufferPlacement(PlannedBuffer buffer, long from, long to) {}

    private final FloatPointer memory;
    private final long size;

    BufferArena(List<PlannedBuffer> buffers) {
        List<PlannedBuffer> bySize = new ArrayList<>(buffers);
        bySize.sort(Comparator.comparingLong(PlannedBuffer::size).reversed().thenComparingInt(PlannedBuffer::first));
        List<BufferPlacement> spots = new ArrayList<>();
        long end = 0;
        for (PlannedBuffer buffer : bySize) {
            BufferPlacement spot = allocate(buffer, spots);
            // Sorted by where they begin: the search for a gap is one walk.
            int at = 0;
            while (at < spots.size() && spots.get(at).from <= spot.from) at++;
            spots.add(at, spot);
            end = Math.max(end, spot.to);
        }
        this.size = end;
        this.memory = new FloatPointer(end + PAGE);
        long base = (memory.address() + 4095) / 4096 * 4096;
        for (BufferPlacement spot : spots) spot.buffer.assign(base + spot.from * Float.BYTES);
    }

    private static BufferPlacement allocate(PlannedBuffer buffer, List<BufferPlacement> spots) {
        long length = (buffer.size() + PAGE - 1) / PAGE * PAGE;
        long from = 0;
        for (BufferPlacement spot : spots) {
            if (spot.buffer.last() < buffer.first() || spot.buffer.first() > buffer.last()) continue;
            if (spot.from >= from + length) break;
            from = Math.max(from, spot.to);
        }
        return new BufferPlacement(buffer, from, from + length);
    }

    long bytes() {
        return size * Float.BYTES;
    }

    @Override
    public void close() {
        memory.close();
    }
}
