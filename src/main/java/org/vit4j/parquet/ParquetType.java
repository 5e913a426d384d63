package org.vit4j.parquet;

/** Physical types, in the order of their numbers in files. */
public enum ParquetType {
    BOOLEAN,
    INT32,
    INT64,
    INT96,
    FLOAT,
    DOUBLE,
    BYTE_ARRAY,
    FIXED_LEN_BYTE_ARRAY
}
