package org.vit4j.train;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.vit4j.config.ConfigError;

/**
 * One value of the config and what it shall be in turn.
 *
 * @param values as they are written on the command line; each is YAML
 */
public record SweepAxis(String path, List<String> values) {
    public SweepAxis {
        values = List.copyOf(values);
    }

    /**
     * Reads {@code path=value,value,...}. A value may be a list or a section, {@code [7,3,3],[3,3,3]}, or stand in quotes:
     * commas inside do not part values.
     *
     * @throws ConfigError when it is not of that form
     */
    public static SweepAxis parse(String text) {
        int equals = text.indexOf('=');
        String where = "--sweep " + text;
        if (equals <= 0) throw new ConfigError(where + ": expected path=value,value such as train.seed=1,2,3");
        List<String> values = split(text.substring(equals + 1), where);
        if (values.contains("")) throw new ConfigError(where + ": a value is empty");
        if (new LinkedHashSet<>(values).size() < values.size()) throw new ConfigError(where + ": a value stands twice");
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
        if (depth != 0 || quote != 0) throw new ConfigError(where + ": a bracket or a quote is left open");
        parts.add(text.substring(from).trim());
        return parts;
    }

    /** The last word of the path: {@code lr}. */
    String word() {
        return path.substring(path.lastIndexOf('.') + 1);
    }
}
