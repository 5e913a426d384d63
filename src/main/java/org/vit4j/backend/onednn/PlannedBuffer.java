package org.vit4j.backend.onednn;

import org.vit4j.backend.MemoryBlock;

/**
 * Contiguous floats that arrays are views of: memory outside of the plan (parameters, gradients), or temporary memory
 * that the {@link BufferArena} assigns for the lifetime from the first to the last step that uses it.
 */
final class PlannedBuffer {
    private final MemoryBlock block;
    private final boolean external;
    private long address;

    private PlannedBuffer(long size, long address, boolean external) {
        this.block = new MemoryBlock(size);
        this.address = address;
        this.external = external;
    }

    /** @param size in floats */
    static PlannedBuffer temporary(long size) {
        return new PlannedBuffer(size, 0, false);
    }

    static PlannedBuffer external(long size, long address) {
        return new PlannedBuffer(size, address, true);
    }

    /** The part of the arena, in floats; unused if the memory is external. */
    MemoryBlock block() {
        return block;
    }

    boolean isExternal() {
        return external;
    }

    /** Address of the first float; known once the arena has placed the buffer. */
    long address() {
        if (address == 0) throw new IllegalStateException("the buffer has no address yet");
        return address;
    }

    void assign(long at) {
        address = at;
    }
}
