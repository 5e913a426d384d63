package org.vit4j.parquet;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * A struct of Thrift's compact protocol.
 *
 * @param fields values by field id: Boolean, Long, Double, byte[], List or CompactStruct
 */
record CompactStruct(Map<Integer, Object> fields) {

    boolean has(int id) {
        return fields.containsKey(id);
    }

    private <T> T at(int id, Class<T> type) {
        Object value = fields.get(id);
        if (!type.isInstance(value)) throw new IllegalArgumentException("missing field " + id + " in the metadata");
        return type.cast(value);
    }

    long longAt(int id) {
        return at(id, Long.class);
    }

    long longAt(int id, long fallback) {
        return has(id) ? longAt(id) : fallback;
    }

    int intAt(int id) {
        return Math.toIntExact(longAt(id));
    }

    int intAt(int id, int fallback) {
        return has(id) ? intAt(id) : fallback;
    }

    /** A count or size, which cannot be negative. */
    int sizeAt(int id) {
        int value = intAt(id);
        if (value < 0) throw new IllegalArgumentException("negative size in the metadata");
        return value;
    }

    boolean boolAt(int id, boolean fallback) {
        return has(id) ? at(id, Boolean.class) : fallback;
    }

    String textAt(int id) {
        return new String(at(id, byte[].class), StandardCharsets.UTF_8);
    }

    CompactStruct structAt(int id) {
        return at(id, CompactStruct.class);
    }

    List<CompactStruct> structsAt(int id) {
        List<?> elements = at(id, List.class);
        return elements.stream().map(CompactStruct.class::cast).toList();
    }
}
