package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.vit4j.metrics.MultiLabelSummary;
import org.vit4j.metrics.Scores;

/** Prints the results of {@code eval}. */
final class EvalPrinter {
    private static final int MAX_CONFUSION_CLASSES = 20;

    private EvalPrinter() {}

    /** Prints an object for one model, or a list of objects with the file of each. */
    static void json(PrintWriter out, List<ModelEvaluation> models) {
        if (models.size() == 1) {
            out.println(Json.text(models.get(0).jsonFields()));
            return;
        }
        out.println(Json.text(models.stream().map(EvalPrinter::named).toList()));
    }

    private static Map<String, Object> named(ModelEvaluation model) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("model", model.model());
        fields.putAll(model.jsonFields());
        return fields;
    }

    /** Prints the details of one model, or a table of several. */
    static void text(PrintWriter out, List<ModelEvaluation> models) {
        if (models.size() == 1) details(out, models.get(0));
        else out.print(ResultsTable.text(models));
    }

    private static void details(PrintWriter out, ModelEvaluation model) {
        Scores s = model.scores();
        out.printf(
                Locale.ROOT,
                "images %d   loss %.4f   top-1 %.2f%%   top-5 %.2f%%%n",
                s.count(),
                s.loss(),
                100 * s.top1(),
                100 * s.top5());
        model.real()
                .ifPresent(real -> out.printf(
                        Locale.ROOT,
                        "real labels: images %d   top-1 %.2f%%   top-5 %.2f%%%n",
                        real.count(),
                        100 * real.top1(),
                        100 * real.top5()));
        model.multiLabel().ifPresent(summary -> averages(out, summary));
        if (model.multiLabel().isEmpty()) means(out, List.of(s.macro(), s.weighted()));
        model.calibration()
                .ifPresent(calibration -> out.printf(
                        Locale.ROOT,
                        "calibration error (ECE, %d bins) %.4f%n",
                        calibration.bins().size(),
                        calibration.value()));
        classes(out, s);
        boolean small = s.confusion().length <= MAX_CONFUSION_CLASSES;
        if (small && model.multiLabel().isEmpty()) confusion(out, s);
    }

    private static void averages(PrintWriter out, MultiLabelSummary summary) {
        out.printf(
                Locale.ROOT,
                "mAP %.2f%%   micro AP %.2f%%   threshold %s%n",
                100 * summary.map(),
                100 * summary.mapMicro(),
                summary.threshold());
        means(out, List.of(summary.macro(), summary.micro()));
    }

    private static void means(PrintWriter out, List<Scores.ClassScore> means) {
        for (Scores.ClassScore mean : means) {
            out.printf(
                    Locale.ROOT,
                    "%s: precision %.4f   recall %.4f   f1 %.4f%n",
                    mean.name(),
                    mean.precision(),
                    mean.recall(),
                    mean.f1());
        }
    }

    private static void classes(PrintWriter out, Scores s) {
        boolean ranked = s.hasAveragePrecision();
        out.printf(Locale.ROOT, "%n%-24s %8s %10s %8s %8s", "class", "images", "precision", "recall", "f1");
        out.println(ranked ? "       ap" : "");
        for (Scores.ClassScore c : s.classes()) {
            out.printf(
                    Locale.ROOT,
                    "%-24s %8d %10.4f %8.4f %8.4f",
                    c.name(),
                    c.count(),
                    c.precision(),
                    c.recall(),
                    c.f1());
            if (c.averagePrecision() != null) out.printf(Locale.ROOT, " %8.4f", c.averagePrecision());
            else if (ranked) out.print("        -");
            out.println();
        }
    }

    private static void confusion(PrintWriter out, Scores s) {
        out.printf(Locale.ROOT, "%nconfusion matrix, one row per actual class:%n");
        for (int i = 0; i < s.confusion().length; i++) {
            out.printf(Locale.ROOT, "%-24s", s.classes().get(i).name());
            for (long n : s.confusion()[i]) out.printf(Locale.ROOT, " %5d", n);
            out.println();
        }
    }
}
