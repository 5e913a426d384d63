package org.vit4j.parquet;

/** Physical types of columns. */
public enum ParquetType {
    BOOLEAN(0),
    INT32(1),
    INT64(2),
    INT96(3),
    FLOAT(4),
    DOUBLE(5),
    BYTE_ARRAY(6),
    FIXED_LEN_BYTE_ARRAY(7);

    private final int number;

    ParquetType(int number) {
        this.number = number;
    }

    /**
     * The type with a number in files.
     *
     * @throws IllegalArgumentException if there is none
     */
    static ParquetType of(int number) {
        for (ParquetType type : values()) if (type.number == number) return type;
        throw new IllegalArgumentException("unknown type of a column (" + number + ")");
    }

    /** Number in files. */
    int number() {
        return number;
    }
}
