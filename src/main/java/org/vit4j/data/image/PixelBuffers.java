package org.vit4j.data.image;

import java.util.ArrayList;
import java.util.List;

/**
 * Arrays of pixels that a thread reuses from image to image. Between {@link #open} and {@link #close}, decoders and transforms
 * on this thread take their arrays from here; closing makes them free for the next image, so no image that was computed in
 * between may be used afterward. Without an open scope, arrays are new.
 *
 * <p>Reused arrays stay in the processor's cache, and large images do not fill the young generation.
 */
public final class PixelBuffers {
    /** Bytes that a thread keeps; the arrays that were unused longest are dropped first. */
    private static final long MAX_KEPT = 32 << 20;

    private static final int MAX_ARRAYS = 64;

    private static final ThreadLocal<PixelBuffers> OF_THREAD = ThreadLocal.withInitial(PixelBuffers::new);

    private final List<byte[]> used = new ArrayList<>();

    /** In the order of their last use. */
    private final List<byte[]> free = new ArrayList<>();

    private long freeBytes;
    private int depth;

    private PixelBuffers() {}

    /** Starts a scope of the calling thread. In a nested scope, arrays stay in use until the outer one is closed. */
    public static PixelBuffers open() {
        PixelBuffers buffers = OF_THREAD.get();
        buffers.depth++;
        return buffers;
    }

    /** Returns an array with undefined content. */
    public static byte[] bytes(int length) {
        PixelBuffers buffers = OF_THREAD.get();
        return buffers.depth == 0 ? new byte[length] : buffers.take(length);
    }

    private byte[] take(int length) {
        byte[] array = null;
        for (int i = free.size() - 1; i >= 0 && array == null; i--) {
            if (free.get(i).length == length) {
                array = free.remove(i);
                freeBytes -= length;
            }
        }
        if (array == null) array = new byte[length];
        used.add(array);
        return array;
    }

    /** Ends the scope, on the thread that opened it. */
    public void close() {
        if (--depth > 0) return;
        for (byte[] array : used) {
            free.add(array);
            freeBytes += array.length;
        }
        used.clear();
        while (freeBytes > MAX_KEPT || free.size() > MAX_ARRAYS) freeBytes -= free.remove(0).length;
    }
}
