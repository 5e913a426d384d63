package org.vit4j.backend.onednn;

/**
 * Contiguous floats that arrays are views of: memory outside of the plan (parameters, gradients), or temporary memory
 * that the {@link BufferArena} assigns for the lifetime from the first to the last step that uses it.
 */
final class PlannedBuffer {
    private final long size;
    private final boolean external;
    private long address;
    private int first = Integer.MAX_VALUE;
    private int last = -1;

    private PlannedBuffer(long size, long address, boolean external) {
        this.size = size;
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

    long size() {
        return size;
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

    /** Extends the lifetime to step number {@code step}, which reads or writes the buffer. */
    void extendLifetime(int step) {
        first = Math.min(first, step);
        last = Math.max(last, step);
    }

    boolean isUsed() {
        return last >= 0;
    }

    int first() {
        return first;
    }

    int last() {
        return last;
    }
}
