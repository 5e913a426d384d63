package org.vit4j.checkpoint;

import java.nio.ByteBuffer;

/** Number types in checkpoints, little-endian; all are converted to float. */
public enum DType {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U8(1),
    BOOL(1);

    private final int width;

    DType(int width) {
        this.width = width;
    }

    /** Bytes of one value. */
    public int width() {
        return width;
    }

    /** Reads the next value of a little-endian buffer. */
    float next(ByteBuffer bytes) {
        return switch (this) {
            case F64 -> (float) bytes.getDouble();
            case F32 -> bytes.getFloat();
            case F16 -> half(bytes.getShort());
            case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
            case I64 -> bytes.getLong();
            case I32 -> bytes.getInt();
            case I16 -> bytes.getShort();
            case I8 -> bytes.get();
            case U8, BOOL -> bytes.get() & 0xff;
        };
    }

    private static float half(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = (bits >> 10) & 0x1f;
        int fraction = bits & 0x3ff;
        if (exponent == 0) return Math.copySign(fraction * 0x1p-24f, Float.intBitsToFloat(sign | 0x3f800000));
        if (exponent == 31) return Float.intBitsToFloat(sign | 0x7f800000 | (fraction << 13));
        return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (fraction << 13));
    }
}
