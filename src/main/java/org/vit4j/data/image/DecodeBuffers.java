package org.vit4j.data.image;

import org.bytedeco.javacpp.BytePointer;

/**
 * Memory outside of the heap that a thread reuses for each image that it decodes. Memory of the size of an image that is
 * freed goes back to the system, and writing to new memory takes as long as a third of the decoding.
 */
final class DecodeBuffers {
    /** Buffers above this size in bytes are not kept. */
    private static final long MAX_KEPT = 64 << 20;

    private static final long GRANULE = 1 << 16;

    private static final ThreadLocal<DecodeBuffers> OF_THREAD = ThreadLocal.withInitial(DecodeBuffers::new);

    private BytePointer encoded = new BytePointer();
    private BytePointer pixels = new BytePointer();

    private DecodeBuffers() {}

    static DecodeBuffers ofThread() {
        return OF_THREAD.get();
    }

    /** Memory for a file; its content is undefined. Valid until {@link #release}. */
    BytePointer encoded(long length) {
        encoded = atLeast(encoded, length);
        return encoded;
    }

    /** Memory for pixels; its content is undefined. Valid until {@link #release}. */
    BytePointer pixels(long length) {
        pixels = atLeast(pixels, length);
        return pixels;
    }

    /** Frees large buffers. */
    void release() {
        encoded = orEmpty(encoded);
        pixels = orEmpty(pixels);
    }

    private static BytePointer atLeast(BytePointer buffer, long length) {
        if (buffer.capacity() >= length) return buffer;
        buffer.close();
        return new BytePointer((length + GRANULE - 1) / GRANULE * GRANULE);
    }

    private static BytePointer orEmpty(BytePointer buffer) {
        if (buffer.capacity() <= MAX_KEPT) return buffer;
        buffer.close();
        return new BytePointer();
    }
}
