package org.vit4j.backend.onednn;

import org.vit4j.backend.MemoryBlock;

/**
 * Contiguous elements of one type that arrays are views of: memory outside of the plan (parameters, gradients), or temporary memory
 * that the {@link BufferArena} assigns for the lifetime from the first to the last step that uses it.
 */
final class PlannedBuffer {
    private final ElementType type;
    private MemoryBlock block;
    private final MemoryKind kind;
    private long address;

    private enum MemoryKind {
        TEMPORARY,
        EXTERNAL,
        INPUT
    }

    private PlannedBuffer(ElementType type, long size, long address, MemoryKind kind) {
        this.type = type;
        this.block = new MemoryBlock(size * type.bytes());
        this.address = address;
        this.kind = kind;
    }

    /** @param size number of elements */
    static PlannedBuffer temporary(ElementType type, long size) {
        return new PlannedBuffer(type, size, 0, MemoryKind.TEMPORARY);
    }

    /** Floats outside of the plan; {@code size} is their number. */
    static PlannedBuffer external(long size, long address) {
        return new PlannedBuffer(ElementType.F32, size, address, MemoryKind.EXTERNAL);
    }

    /** Floats that no step writes, so that a run may read them from the caller's memory; {@code size} is their number. */
    static PlannedBuffer input(long size) {
        return new PlannedBuffer(ElementType.F32, size, 0, MemoryKind.INPUT);
    }

    ElementType type() {
        return type;
    }

    /** The part of the arena, in bytes; unused if the memory is external. */
    MemoryBlock block() {
        return block;
    }

    /** Uses the memory of another buffer, whose lifetime ends where that of this one begins. */
    void share(PlannedBuffer other) {
        other.block.extendLifetime(block.first());
        other.block.extendLifetime(block.last());
        block = other.block;
    }

    boolean isExternal() {
        return kind == MemoryKind.EXTERNAL;
    }

    boolean isInput() {
        return kind == MemoryKind.INPUT;
    }

    /** Address of the first element; known once the arena has placed the buffer. */
    long address() {
        if (address == 0) throw new IllegalStateException("the buffer has no address yet");
        return address;
    }

    void assign(long at) {
        address = at;
    }
}
