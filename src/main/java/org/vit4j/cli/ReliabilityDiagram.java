package org.vit4j.cli;

import java.util.List;
import java.util.Locale;
import org.vit4j.metrics.Calibration;
import org.vit4j.report.Html;

/**
 * Reliability diagram as SVG: accuracy by confidence, one bar for each bin. A calibrated model reaches the diagonal; the gap
 * to it is hatched. The strip below shows the share of the images in each bin.
 */
final class ReliabilityDiagram {
    private static final int LEFT = 52;
    private static final int TOP = 46;
    private static final int SIDE = 360;
    private static final int STRIP_TOP = TOP + SIDE + 34;
    private static final int STRIP = 60;
    private static final int WIDTH = LEFT + SIDE + 18;
    private static final int HEIGHT = STRIP_TOP + STRIP + 42;

    private ReliabilityDiagram() {}

    /** Draws the diagram of a model. */
    static String svg(String model, Calibration calibration) {
        List<Calibration.CalibrationBin> bins = calibration.bins();
        StringBuilder out = new StringBuilder(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\""
                        + " font-family=\"sans-serif\" font-size=\"11\" fill=\"#1f2933\">%n"
                        + "<defs><pattern id=\"gap\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\""
                        + " patternTransform=\"rotate(45)\"><rect width=\"2\" height=\"6\" fill=\"#c2410c\"/></pattern>"
                        + "</defs>%n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>%n",
                WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT));
        out.append(text(LEFT, 18, "start", 13, Html.escape(model)));
        out.append(text(
                LEFT,
                34,
                "start",
                11,
                format("ECE %.4f, %d bins, %d images", calibration.value(), bins.size(), count(bins))));
        long all = Math.max(1, count(bins));
        for (Calibration.CalibrationBin bin : bins) out.append(bar(bin, all));
        out.append(axes());
        return out.append("</svg>").append(System.lineSeparator()).toString();
    }

    private static long count(List<Calibration.CalibrationBin> bins) {
        return bins.stream().mapToLong(Calibration.CalibrationBin::count).sum();
    }

    private static String bar(Calibration.CalibrationBin bin, long all) {
        if (bin.count() == 0) return "";
        double share = (double) bin.count() / all;
        double low = Math.min(bin.accuracy(), bin.confidence());
        double high = Math.max(bin.accuracy(), bin.confidence());
        String tooltip = format(
                "%.3f to %.3f: %d images, accuracy %.4f, confidence %.4f",
                bin.low(), bin.high(), bin.count(), bin.accuracy(), bin.confidence());
        return "<g><title>" + tooltip + "</title>"
                + rectangle(bin, y(bin.accuracy()), y(0), "#2563eb")
                + rectangle(bin, y(high), y(low), "url(#gap)")
                + rectangle(bin, STRIP_TOP + STRIP * (1 - share), STRIP_TOP + STRIP, "#64748b")
                + "</g>" + System.lineSeparator();
    }

    private static String rectangle(Calibration.CalibrationBin bin, double top, double bottom, String fill) {
        return format(
                "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>",
                x(bin.low()) + 0.5, top, x(bin.high()) - x(bin.low()) - 1, bottom - top, fill);
    }

    private static String axes() {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i <= 5; i++) {
            double value = i / 5.0;
            out.append(line(LEFT - 4, y(value), LEFT, y(value), ""));
            out.append(line(x(value), y(0), x(value), y(0) + 4, ""));
            out.append(text(LEFT - 7, y(value) + 4, "end", 11, format("%.1f", value)));
            out.append(text(x(value), y(0) + 17, "middle", 11, format("%.1f", value)));
        }
        out.append(line(x(0), y(0), x(1), y(1), " stroke-dasharray=\"4 3\""));
        out.append(format(
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#1f2933\"/>%n",
                LEFT, TOP, SIDE, SIDE));
        out.append(line(LEFT, STRIP_TOP + STRIP, LEFT + SIDE, STRIP_TOP + STRIP, ""));
        out.append(text(LEFT - 7, STRIP_TOP + 9, "end", 11, "100%"));
        out.append(text(LEFT - 7, STRIP_TOP + STRIP, "end", 11, "0%"));
        out.append(text(
                LEFT + SIDE / 2.0, STRIP_TOP + STRIP + 18, "middle", 11, "confidence; below: share of the images"));
        out.append(format(
                "<text x=\"14\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 14 %d)\">accuracy</text>%n",
                TOP + SIDE / 2, TOP + SIDE / 2));
        return out.toString();
    }

    private static double x(double value) {
        return LEFT + SIDE * value;
    }

    private static double y(double value) {
        return TOP + SIDE * (1 - value);
    }

    private static String line(double x1, double y1, double x2, double y2, String more) {
        return format(
                "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"#1f2933\"%s/>%n", x1, y1, x2, y2, more);
    }

    private static String text(double x, double y, String anchor, int size, String content) {
        return format(
                "<text x=\"%.2f\" y=\"%.2f\" text-anchor=\"%s\" font-size=\"%d\">%s</text>%n",
                x, y, anchor, size, content);
    }

    private static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
