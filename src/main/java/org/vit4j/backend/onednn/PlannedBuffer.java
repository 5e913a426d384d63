package org.vit4j.backend.onednn;

/**
 * A run of floats that arrays look into. Either it lives outside of the plan (weights, gradients), or the {@link BufferArena}
 * gives it a place for as long as steps touch it.
 */
final class PlannedBuffer {
    private final long size;
    private final boolean external;
    private long address;
    private int first = Integer.MAX_VALUE;
    private int last = -1;

    private PlannedBuffer(long size, long address, boolean outside) {
        this.size = size;
        this.address = address;
        this.external = outside;
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

    /** Of its first float; known once the arena is laid out. */
    long address() {
        if (address == 0) throw new IllegalStateException("a buffer without a place");
        return address;
    }

    void assign(long at) {
        address = at;
    }

    /** Step number {@code step} reads or writes it. */
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
