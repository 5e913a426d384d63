package org.vit4j.keras;

/** Bob Jenkins' {@code lookup3} hash ({@code hashlittle}, public domain), the checksum of HDF5 metadata. */
final class Lookup3Hash {
    private Lookup3Hash() {}

    static int hash(byte[] key, int length) {
        int a = 0xdeadbeef + length;
        int b = a;
        int c = a;
        int at = 0;
        int remaining = length;
        for (; remaining > 12; remaining -= 12, at += 12) {
            a += word(key, at, 4);
            b += word(key, at + 4, 4);
            c += word(key, at + 8, 4);
            a = (a - c) ^ Integer.rotateLeft(c, 4);
            c += b;
            b = (b - a) ^ Integer.rotateLeft(a, 6);
            a += c;
            c = (c - b) ^ Integer.rotateLeft(b, 8);
            b += a;
            a = (a - c) ^ Integer.rotateLeft(c, 16);
            c += b;
            b = (b - a) ^ Integer.rotateLeft(a, 19);
            a += c;
            c = (c - b) ^ Integer.rotateLeft(b, 4);
            b += a;
        }
        if (remaining == 0) return c;
        a += word(key, at, Math.min(remaining, 4));
        b += word(key, at + 4, Math.min(remaining - 4, 4));
        c += word(key, at + 8, Math.min(remaining - 8, 4));
        return last(a, b, c);
    }

    private static int last(int first, int second, int third) {
        int a = first;
        int b = second;
        int c = third;
        c = (c ^ b) - Integer.rotateLeft(b, 14);
        a = (a ^ c) - Integer.rotateLeft(c, 11);
        b = (b ^ a) - Integer.rotateLeft(a, 25);
        c = (c ^ b) - Integer.rotateLeft(b, 16);
        a = (a ^ c) - Integer.rotateLeft(c, 4);
        b = (b ^ a) - Integer.rotateLeft(a, 14);
        return (c ^ b) - Integer.rotateLeft(b, 24);
    }

    /** Up to four bytes, little-endian. */
    private static int word(byte[] key, int from, int count) {
        int word = 0;
        for (int i = 0; i < count; i++) word |= (key[from + i] & 0xff) << (8 * i);
        return word;
    }
}
