package org.vit4j.cli;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.vit4j.data.Preprocessing;
import org.vit4j.io.Csv;
import org.vit4j.metrics.MultiLabelSummary;
import org.vit4j.report.TextTable;

/**
 * Table of evaluated models with the columns of timm's {@code validate.py}, the highest top-1 accuracy first. With several
 * labels per image, the averages of {@link MultiLabelSummary}, the highest mean average precision first.
 */
final class ResultsTable {
    private static final List<String> ONE_LABEL = List.of("top1", "top1_err", "top5", "top5_err");
    private static final List<String> NETWORK = List.of("param_count", "img_size", "crop_pct", "interpolation");

    /** Models without a finite loss last, whose counts say nothing; of equal values, the lowest loss first. */
    private static final Comparator<ModelEvaluation> BEST_FIRST = Comparator.<ModelEvaluation>comparingDouble(
                    model -> Double.isFinite(model.scores().loss()) ? -model.best() : Double.NaN)
            .thenComparingDouble(model -> model.scores().loss());

    private ResultsTable() {}

    /** Formats a CSV file: percentages with up to four decimals, millions of parameters with up to two. */
    static String csv(List<ModelEvaluation> models) {
        return rows(models).stream().map(row -> Csv.line(row) + "\n").collect(Collectors.joining());
    }

    /** Formats a table with aligned columns. */
    static String text(List<ModelEvaluation> models) {
        return TextTable.rightAligned(rows(models)).replace("\n", System.lineSeparator()) + System.lineSeparator();
    }

    private static List<List<String>> rows(List<ModelEvaluation> models) {
        List<List<String>> rows = new ArrayList<>(List.of(columns(models.get(0))));
        models.stream().sorted(BEST_FIRST).forEach(model -> rows.add(row(model)));
        return rows;
    }

    /** All models have one label per image, or all have several. */
    private static List<String> columns(ModelEvaluation first) {
        List<String> columns = new ArrayList<>(List.of("model"));
        first.multiLabel()
                .ifPresentOrElse(summary -> columns.addAll(summary.values().keySet()), () -> columns.addAll(ONE_LABEL));
        if (first.multiLabel().isPresent()) columns.add("threshold");
        columns.addAll(NETWORK);
        return columns;
    }

    private static List<String> row(ModelEvaluation e) {
        Preprocessing p = e.preprocessing();
        List<String> row = new ArrayList<>(List.of(e.model()));
        for (double percentage : percentages(e)) row.add(rounded(percentage, 4));
        e.multiLabel().ifPresent(summary -> row.add(String.valueOf(summary.threshold())));
        row.add(rounded(e.parameters() / 1e6, 2));
        row.add(p.height() == p.width() ? "" + p.width() : p.height() + "x" + p.width());
        row.add(String.valueOf(p.cropPct()));
        row.add(p.interpolation().name().toLowerCase(Locale.ROOT));
        return row;
    }

    private static List<Double> percentages(ModelEvaluation e) {
        double top1 = 100 * e.top1();
        double top5 = 100 * e.top5();
        return e.multiLabel()
                .map(all -> all.values().values().stream().map(x -> 100 * x).toList())
                .orElseGet(() -> List.of(top1, 100 - top1, top5, 100 - top5));
    }

    /** Rounds as Python's {@code round}, with at least one decimal. */
    private static String rounded(double value, int decimals) {
        if (!Double.isFinite(value)) return String.valueOf(value);
        BigDecimal digits =
                new BigDecimal(value).setScale(decimals, RoundingMode.HALF_EVEN).stripTrailingZeros();
        return (digits.scale() < 1 ? digits.setScale(1) : digits).toPlainString();
    }
}
