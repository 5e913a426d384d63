package org.vit4j.backend;

/**
 * A part of an arena that holds one value from the first to the last step that uses it. Blocks whose lifetimes do not
 * overlap may share memory.
 */
public final class MemoryBlock {
    private final long length;
    private int first = Integer.MAX_VALUE;
    private int last = -1;
    private long offset;

    /** @param length in any unit; offsets are in the same unit */
    public MemoryBlock(long length) {
        this.length = length;
    }

    /** A block whose place is given. */
    public static MemoryBlock at(long offset, long length) {
        MemoryBlock block = new MemoryBlock(length);
        block.setOffset(offset);
        return block;
    }

    public long length() {
        return length;
    }

    /** Extends the lifetime to a step, which reads or writes the block. */
    public void extendLifetime(int step) {
        first = Math.min(first, step);
        last = Math.max(last, step);
    }

    public int first() {
        return first;
    }

    public int last() {
        return last;
    }

    /** Returns true if both blocks are in use at some step. */
    public boolean overlaps(MemoryBlock other) {
        return first <= other.last && other.first <= last;
    }

    /** Offset in the arena, known after {@link MemoryPlanner#assignOffsets}. */
    public long offset() {
        return offset;
    }

    void setOffset(long assigned) {
        offset = assigned;
    }
}
