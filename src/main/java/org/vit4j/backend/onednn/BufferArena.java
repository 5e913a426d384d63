package org.vit4j.backend.onednn;

import java.util.Collection;
import org.bytedeco.javacpp.BytePointer;
import org.vit4j.backend.MemoryPlanner;

/** A single allocation for all temporaries of a plan. Buffers whose lifetimes do not overlap share memory. */
final class BufferArena implements AutoCloseable {
    /**
     * Bytes of a page. Buffers are aligned to pages to avoid 4K aliasing between loads and stores: with
     * unaligned buffers the gradient of GELU was 5 times slower.
     */
    private static final long PAGE = 4096;

    private final BytePointer memory;
    private final long size;

    BufferArena(Collection<PlannedBuffer> buffers) {
        this.size = MemoryPlanner.assignOffsets(
                buffers.stream().map(PlannedBuffer::block).distinct().toList(), PAGE, MemoryPlanner.GapChoice.LOWEST);
        this.memory = new BytePointer(size + PAGE);
        long base = (memory.address() + PAGE - 1) / PAGE * PAGE;
        for (PlannedBuffer buffer : buffers) buffer.assign(base + buffer.block().offset());
    }

    long bytes() {
        return size;
    }

    @Override
    public void close() {
        memory.close();
    }
}
