package org.vit4j.report;

import java.util.List;
import java.util.Locale;

/**
 * Matrix of shaded cells with text, as SVG.
 *
 * @param columnLabel label of the horizontal axis
 * @param rowLabel label of the vertical axis
 * @param cells rows of cells, each as long as {@code columns}
 */
public record MatrixChart(
        String title,
        String rowLabel,
        String columnLabel,
        List<String> rows,
        List<String> columns,
        List<List<MatrixCell>> cells) {
    private static final int CELL_WIDTH = 42;
    private static final int CELL_HEIGHT = 26;
    private static final int TOP = 66;
    private static final int CHARACTER_WIDTH = 7;
    /** Cells with a stronger shade have white text. */
    private static final double DARK_SHADE = 0.55;

    /** Cell colors, from Okabe and Ito (2008). */
    public enum MatrixColor {
        BLUE("#0072b2"),
        ORANGE("#d55e00");

        private final String hex;

        MatrixColor(String hex) {
            this.hex = hex;
        }
    }

    /**
     * Cell of the matrix.
     *
     * @param text may be empty
     * @param shade from 0 for white to 1 for the full color
     * @param tooltip text of the tooltip
     */
    public record MatrixCell(String text, double shade, MatrixColor color, String tooltip) {
        public static final MatrixCell EMPTY = new MatrixCell("", 0, MatrixColor.BLUE, "");
    }

    public MatrixChart {
        for (List<MatrixCell> row : cells) {
            if (row.size() != columns.size()) {
                throw new IllegalArgumentException("row has " + row.size() + " cells; expected " + columns.size());
            }
        }
        if (rows.size() != cells.size()) {
            throw new IllegalArgumentException("matrix has " + cells.size() + " rows; expected " + rows.size());
        }
    }

    /**
     * Creates a confusion matrix: correct predictions in blue, errors in orange, shaded by fraction of the actual
     * class.
     */
    public static MatrixChart confusion(EvaluationReport e) {
        List<String> names = e.classes().stream().map(c -> c.name()).toList();
        int k = names.size();
        MatrixCell[][] cells = new MatrixCell[k][k];
        for (MatrixCell[] row : cells) java.util.Arrays.fill(row, MatrixCell.EMPTY);
        for (EvaluationReport.ConfusedPair pair : e.confused()) {
            boolean correct = pair.actual() == pair.predicted();
            String tooltip = String.format(
                    Locale.ROOT,
                    "%s predicted as %s: %d, %.1f%% of its images",
                    names.get(pair.actual()),
                    names.get(pair.predicted()),
                    pair.count(),
                    100 * e.share(pair));
            // The offset keeps a single image among hundreds visible.
            double shade = 0.12 + 0.88 * Math.sqrt(e.share(pair));
            MatrixColor color = correct ? MatrixColor.BLUE : MatrixColor.ORANGE;
            cells[pair.actual()][pair.predicted()] = new MatrixCell(Long.toString(pair.count()), shade, color, tooltip);
        }
        List<List<MatrixCell>> rows =
                java.util.Arrays.stream(cells).map(List::of).toList();
        return new MatrixChart("Confusion matrix", "actual", "predicted", names, names, rows);
    }

    /** Returns a self-contained SVG file with a white background. */
    public String svg() {
        int left = 28
                + CHARACTER_WIDTH * rows.stream().mapToInt(String::length).max().orElse(0);
        int width = Math.max(left + columns.size() * CELL_WIDTH + 10, 10 + CHARACTER_WIDTH * title.length() + 60);
        int height = TOP + rows.size() * CELL_HEIGHT + 10;
        StringBuilder out = new StringBuilder(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\""
                        + " aria-label=\"%s\" font-family=\"system-ui, sans-serif\" font-size=\"12\">"
                        + "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>",
                width, height, width, height, Html.escape(title), width, height));
        out.append(format(
                "<text x=\"10\" y=\"18\" font-size=\"14\" font-weight=\"600\" fill=\"#222\">%s</text>",
                Html.escape(title)));
        out.append(text(left, 38, "start", "#5b6168", columnLabel + " \u2192"));
        out.append(format(
                "<text transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"end\" fill=\"#5b6168\">\u2190 %s</text>",
                TOP, Html.escape(rowLabel)));
        for (int c = 0; c < columns.size(); c++) {
            out.append(text(left + c * CELL_WIDTH + CELL_WIDTH / 2, TOP - 8, "middle", "#222", columns.get(c)));
        }
        for (int r = 0; r < rows.size(); r++) {
            int y = TOP + r * CELL_HEIGHT;
            out.append(text(left - 6, y + CELL_HEIGHT / 2 + 4, "end", "#222", rows.get(r)));
            for (int c = 0; c < columns.size(); c++) {
                out.append(cell(left + c * CELL_WIDTH, y, cells.get(r).get(c)));
            }
        }
        return out.append("</svg>\n").toString();
    }

    private static String cell(int x, int y, MatrixCell cell) {
        String box = format(
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" stroke=\"#e3e5e8\" fill=\"%s\" fill-opacity=\"%.2f\">"
                        + "<title>%s</title></rect>",
                x, y, CELL_WIDTH, CELL_HEIGHT, cell.color.hex, cell.shade, Html.escape(cell.tooltip));
        String textColor = cell.shade > DARK_SHADE ? "#fff" : "#222";
        return box + text(x + CELL_WIDTH / 2, y + CELL_HEIGHT / 2 + 4, "middle", textColor, cell.text);
    }

    private static String text(int x, int y, String anchor, String color, String text) {
        if (text.isEmpty()) return "";
        return format(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" fill=\"%s\">%s</text>",
                x, y, anchor, color, Html.escape(text));
    }

    private static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
