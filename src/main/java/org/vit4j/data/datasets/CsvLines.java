package org.vit4j.data.datasets;

import java.util.ArrayList;
import java.util.List;
import org.vit4j.config.ConfigError;

/** Reads comma-separated values as in RFC 4180; a value cannot contain the end of a line. */
final class CsvLines {
    private CsvLines() {}

    /**
     * The values of each line.
     *
     * @param file name for messages
     * @throws ConfigError if the file is not text, or a quote is not closed
     */
    static List<List<String>> of(String file, byte[] bytes) {
        List<String> lines = TextLines.all(file, bytes);
        List<List<String>> values = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) values.add(values(file, i + 1, lines.get(i)));
        return values;
    }

    private static List<String> values(String file, int number, String line) {
        List<String> values = new ArrayList<>();
        StringBuilder value = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                value.append(c);
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                values.add(value.toString());
                value.setLength(0);
            } else {
                value.append(c);
            }
        }
        if (quoted) throw new ConfigError(file + ":" + number + ": missing closing quote");
        values.add(value.toString());
        return values;
    }
}
