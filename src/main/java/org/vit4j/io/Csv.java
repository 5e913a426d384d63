package org.vit4j.io;

import java.util.List;
import java.util.stream.Collectors;

/** Comma-separated values as in RFC 4180, with line feeds. */
public final class Csv {
    private Csv() {}

    /** Formats one line without its end. */
    public static String line(List<?> values) {
        return values.stream().map(value -> quoted(String.valueOf(value))).collect(Collectors.joining(","));
    }

    private static String quoted(String value) {
        boolean special = value.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return special ? '"' + value.replace("\"", "\"\"") + '"' : value;
    }
}
