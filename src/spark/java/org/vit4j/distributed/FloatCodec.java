package org.vit4j.distributed;

import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.nio.ByteBuffer;

/** Serializes float arrays in blocks: Java's own serialization writes one number at a time. */
final class FloatCodec {
    private static final int BLOCK = 1 << 16;

    private FloatCodec() {}

    static void write(ObjectOutput out, float[] values) throws IOException {
        out.writeInt(values.length);
        byte[] block = new byte[Math.min(values.length, BLOCK) * Float.BYTES];
        for (int from = 0; from < values.length; from += BLOCK) {
            int count = Math.min(BLOCK, values.length - from);
            ByteBuffer.wrap(block).asFloatBuffer().put(values, from, count);
            out.write(block, 0, count * Float.BYTES);
        }
    }

    static float[] read(ObjectInput in) throws IOException {
        float[] values = new float[in.readInt()];
        byte[] block = new byte[Math.min(values.length, BLOCK) * Float.BYTES];
        for (int from = 0; from < values.length; from += BLOCK) {
            int count = Math.min(BLOCK, values.length - from);
            in.readFully(block, 0, count * Float.BYTES);
            ByteBuffer.wrap(block).asFloatBuffer().get(values, from, count);
        }
        return values;
    }
}
