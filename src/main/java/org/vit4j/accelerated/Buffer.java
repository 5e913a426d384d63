package org.vit4j.accelerated;

/**
 * A run of floats that arrays look into. Either it lives outside of the plan (weights, gradients), or the {@link Arena}
 * gives it a place for as long as steps touch it.
 */
final class Buffer {
    private final long size;
    private final boolean outside;
    private long address;
    private int first = Integer.MAX_VALUE;
    private int last = -1;

    private Buffer(long size, long address, boolean outside) {
        this.size = size;
        this.address = address;
        this.outside = outside;
    }

    /** @param size in floats */
    static Buffer temporary(long size) {
        return new Buffer(size, 0, false);
    }

    static Buffer outside(long size, long address) {
        return new Buffer(size, address, true);
    }

    long size() {
        return size;
    }

    boolean isOutside() {
        return outside;
    }

    /** Of its first float; known once the arena is laid out. */
    long address() {
        if (address == 0) throw new IllegalStateException("a buffer without a place");
        return address;
    }

    void place(long at) {
        address = at;
    }

    /** Step number {@code step} reads or writes it. */
    void touch(int step) {
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
