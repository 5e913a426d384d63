package org.vit4j.backend.onednn;

import java.util.Collection;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.vit4j.backend.Alignment;
import org.vit4j.backend.MemoryBlock;
import org.vit4j.backend.MemoryPlanner;

/**
 * Memory of all temporaries of a plan: a single allocation, and the memory of gradients that are not yet written. Buffers whose
 * lifetimes do not overlap share memory.
 */
final class BufferArena implements AutoCloseable {
    /**
     * Bytes of a page. Buffers are aligned to pages to avoid 4K aliasing between loads and stores: with
     * unaligned buffers the gradient of GELU was 5 times slower.
     */
    private static final long PAGE = GradientMemory.PAGE;

    private final BytePointer memory;
    private final long size;

    BufferArena(Collection<PlannedBuffer> buffers, GradientMemory gradients) {
        List<MemoryBlock> blocks =
                buffers.stream().map(PlannedBuffer::block).distinct().toList();
        long shared = gradients.length();
        this.size = MemoryPlanner.assignOffsets(blocks, gradients.reserved(), PAGE, MemoryPlanner.GapChoice.LOWEST)
                - shared;
        this.memory = new BytePointer(size + PAGE);
        long base = Alignment.roundUp(memory.address(), PAGE);
        for (PlannedBuffer buffer : buffers) {
            long offset = buffer.block().offset();
            buffer.assign(offset < shared ? gradients.origin() + offset : base + offset - shared);
        }
    }

    /** Bytes of the allocation. */
    long bytes() {
        return size;
    }

    @Override
    public void close() {
        memory.close();
    }
}
