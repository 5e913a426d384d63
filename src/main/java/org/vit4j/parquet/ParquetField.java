package org.vit4j.parquet;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A column, or a group of columns.
 *
 * @param children of a group; empty for a column
 * @param type of a column; empty for a group
 * @param text true for strings
 * @param column index of the column in row groups; -1 for a group
 * @param maxDefinition number of optional and repeated fields from the root to this field
 * @param maxRepetition number of repeated fields from the root to this field
 */
public record ParquetField(
        String name,
        List<ParquetField> children,
        Optional<ParquetType> type,
        boolean text,
        int column,
        int maxDefinition,
        int maxRepetition) {

    public Optional<ParquetField> child(String childName) {
        return children.stream().filter(field -> field.name.equals(childName)).findFirst();
    }

    /** Returns true for a column of bytes that are not text, one value per row. */
    public boolean isBytes() {
        return type.filter(ParquetType.BYTE_ARRAY::equals).isPresent() && !text && maxRepetition == 0;
    }

    /** Returns true for a column of text, one value per row. */
    public boolean isText() {
        return type.filter(ParquetType.BYTE_ARRAY::equals).isPresent() && text && maxRepetition == 0;
    }

    /** Returns true for a column of integers, one value per row. */
    public boolean isInteger() {
        boolean integer = type.filter(t -> t == ParquetType.INT32 || t == ParquetType.INT64)
                .isPresent();
        return integer && maxRepetition == 0;
    }

    /** Type for messages, such as {@code struct<bytes: bytes, path: text>}. */
    public String describe() {
        String single = type.map(t -> t == ParquetType.BYTE_ARRAY ? (text ? "text" : "bytes") : lower(t))
                .orElseGet(() -> {
                    List<String> parts = children.stream()
                            .map(field -> field.name + ": " + field.describe())
                            .toList();
                    return "struct<" + String.join(", ", parts) + ">";
                });
        return maxRepetition > 0 ? "list of " + single : single;
    }

    private static String lower(ParquetType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }
}
