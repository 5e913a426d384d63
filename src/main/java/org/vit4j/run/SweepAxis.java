package org.vit4j.run;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.vit4j.config.ConfigError;

/**
 * Config key with the values to try.
 *
 * @param path full config key
 * @param values as written on the command line; each is YAML
 */
public record SweepAxis(String path, List<String> values) {
    public SweepAxis {
        values = List.copyOf(values);
    }

    /**
     * Parses {@code path=value,value,...}. A value may be a list or a section, such as {@code [7,3,3],[3,3,3]}, or
     * quoted; commas inside do not separate values.
     *
     * @throws ConfigError if the syntax is wrong
     */
    public static SweepAxis parse(String text) {
        int equals = text.indexOf('=');
        String where = "--sweep " + text;
        if (equals <= 0) throw new ConfigError(where + ": expected path=value,value such as train.seed=1,2,3");
        List<String> values = split(text.substring(equals + 1), where);
        if (values.contains("")) throw new ConfigError(where + ": empty value");
        if (new LinkedHashSet<>(values).size() < values.size()) throw new ConfigError(where + ": duplicate value");
        return new SweepAxis(text.substring(0, equals).trim(), values);
    }

    private static List<String> split(String text, String where) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int from = 0;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote != 0) {
                if (c == quote) quote = 0;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '[' || c == '{') {
                depth++;
            } else if (c == ']' || c == '}') {
                depth--;
            } else if (c == ',' && depth == 0) {
                parts.add(text.substring(from, i).trim());
                from = i + 1;
            }
        }
        if (depth != 0 || quote != 0) throw new ConfigError(where + ": unclosed bracket or quote");
        parts.add(text.substring(from).trim());
        return parts;
    }

    /** Last segment of the path, for example {@code lr}. */
    String key() {
        return path.substring(path.lastIndexOf('.') + 1);
    }
}
