package org.vit4j.report;

import java.util.List;
import java.util.stream.Collectors;

/** Tables for a terminal: columns as wide as their longest cell, two spaces apart, lines without trailing spaces. */
public final class TextTable {
    private TextTable() {}

    /** Formats rows of text; the first row has the headings. Lines are separated by line feeds. */
    public static String leftAligned(List<List<String>> rows) {
        return text(rows, rows.get(0).size());
    }

    /** Formats rows of numbers: all columns but the first one are right-aligned. */
    public static String rightAligned(List<List<String>> rows) {
        return text(rows, 1);
    }

    private static String text(List<List<String>> rows, int leftColumns) {
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows)
            for (int i = 0; i < widths.length; i++)
                widths[i] = Math.max(widths[i], row.get(i).length());
        return rows.stream().map(row -> line(row, widths, leftColumns)).collect(Collectors.joining("\n"));
    }

    private static String line(List<String> row, int[] widths, int leftColumns) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String padding = " ".repeat(widths[i] - row.get(i).length());
            if (i > 0) line.append("  ");
            line.append(i < leftColumns ? row.get(i) + padding : padding + row.get(i));
        }
        return line.toString().stripTrailing();
    }
}
