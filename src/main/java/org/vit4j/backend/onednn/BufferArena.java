package org.vit4j.backend.onednn;

import java.util.Collection;
import org.bytedeco.javacpp.FloatPointer;
import org.vit4j.backend.MemoryPlanner;

/** A single allocation for all temporaries of a plan. Buffers whose lifetimes do not overlap share memory. */
final class BufferArena implements AutoCloseable {
    /**
     * Size of a page in floats. Buffers are aligned to pages to avoid 4K aliasing between loads and stores: with
     * unaligned buffers the gradient of GELU was 5 times slower.
     */
    private static final long PAGE = 1024;

    private final FloatPointer memory;
    private final long size;

    BufferArena(Collection<PlannedBuffer> buffers) {
        this.size = MemoryPlanner.assignOffsets(
                buffers.stream().map(PlannedBuffer::block).toList(), PAGE, MemoryPlanner.GapChoice.LOWEST);
        this.memory = new FloatPointer(size + PAGE);
        long page = PAGE * Float.BYTES;
        long base = (memory.address() + page - 1) / page * page;
        for (PlannedBuffer buffer : buffers) buffer.assign(base + buffer.block().offset() * Float.BYTES);
    }

    long bytes() {
        return size * Float.BYTES;
    }

    @Override
    public void close() {
        memory.close();
    }
}
