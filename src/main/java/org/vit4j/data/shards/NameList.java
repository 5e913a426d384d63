package org.vit4j.data.shards;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A list of names in compact form, since a dataset may have millions. */
final class NameList {
    private final byte[] bytes;
    private final int[] ends;

    private NameList(byte[] bytes, int[] ends) {
        this.bytes = bytes;
        this.ends = ends;
    }

    String get(int i) {
        int from = i == 0 ? 0 : ends[i - 1];
        return new String(bytes, from, ends[i] - from, StandardCharsets.UTF_8);
    }

    /** Collects names. */
    static final class NameListBuilder {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private int[] ends = new int[1024];
        private int size;

        void add(String name) {
            bytes.writeBytes(name.getBytes(StandardCharsets.UTF_8));
            if (size == ends.length) ends = Arrays.copyOf(ends, 2 * size);
            ends[size++] = bytes.size();
        }

        NameList build() {
            return new NameList(bytes.toByteArray(), Arrays.copyOf(ends, size));
        }
    }
}
