package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.vit4j.backend.Alignment;

/**
 * Memory of arrays that live equally long, allocated in blocks: Linux can map a block with huge pages if the allocator asks for
 * them ({@code glibc.malloc.hugetlb}), but not single arrays of less than such a page, 2 MB.
 */
final class WeightMemory implements AutoCloseable {
    /** Bytes of a cache line, to which arrays are aligned. */
    static final long LINE = 64;
    /** Bytes of a block, unless an array is larger. */
    private static final long BLOCK = 16 << 20;

    private final List<BytePointer> blocks = new ArrayList<>();
    private long next; // address of the first free byte
    private long end;

    /** The address of new memory, which is not initialized. */
    long allocate(long bytes) {
        long size = aligned(bytes);
        if (size > end - next) {
            BytePointer block = new BytePointer(Math.max(size, BLOCK) + LINE);
            blocks.add(block);
            next = aligned(block.address());
            end = block.address() + block.capacity();
        }
        long address = next;
        next += size;
        return address;
    }

    /** The first address from {@code address} on that a cache line begins at. */
    static long aligned(long address) {
        return Alignment.roundUp(address, LINE);
    }

    @Override
    public void close() {
        blocks.forEach(BytePointer::close);
        blocks.clear();
        next = end = 0;
    }
}
