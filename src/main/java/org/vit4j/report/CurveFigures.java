package org.vit4j.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Curves by epoch that a reader of the page can draw again by step or time, on a logarithmic axis, or smoothed. Without
 * scripts, and in print, the drawn charts stay as they are.
 */
final class CurveFigures {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A chart by epoch with the runs of its lines.
     *
     * @param runs one per series of the chart
     */
    record CurveFigure(Chart chart, List<RunRecord> runs) {
        CurveFigure {
            runs = List.copyOf(runs);
        }
    }

    private CurveFigures() {}

    /**
     * Returns the controls and the figures.
     *
     * @param style CSS class of the group of charts
     */
    static String html(List<CurveFigure> figures, String style) {
        StringBuilder out = new StringBuilder("""
                <div class="curves"><form class="controls" hidden="hidden">
                <label>x axis <select name="x"><option value="epoch">epoch</option><option value="step">step</option>\
                <option value="time">time</option></select></label>
                <label><input type="checkbox" name="log"/> logarithmic</label>
                <label>smoothing <input type="range" name="smooth" min="0" max="0.99" step="0.01" value="0"/></label>
                <span class="note">A ring marks the best epoch.</span>
                </form>
                """);
        out.append("<div class=\"" + style + "\">");
        List<RunRecord> runs = figures.stream()
                .flatMap(figure -> figure.runs.stream())
                .distinct()
                .toList();
        for (CurveFigure figure : figures) {
            out.append("<figure data-curves=\"" + Html.escape(text(values(figure, runs))) + "\">")
                    .append(figure.chart.svg())
                    .append("</figure>\n");
        }
        String axes = text(runs.stream().map(CurveFigures::axes).toList());
        return out.append("</div></div>\n").toString().replaceFirst("<form", "<form data-axes='" + axes + "'");
    }

    /** Returns steps and seconds after each epoch of a run. */
    private static Map<String, Object> axes(RunRecord run) {
        List<Double> epochs = run.epochs().stream().map(e -> e.get("epoch")).toList();
        Map<String, Object> axes = new LinkedHashMap<>();
        axes.put("epoch", epochs.stream().map(CurveFigures::rounded).toList());
        axes.put("step", at(epochs, run.steps()));
        axes.put("time", at(epochs, run.times()));
        return axes;
    }

    private static Map<String, Object> values(CurveFigure figure, List<RunRecord> runs) {
        Chart chart = figure.chart;
        List<Map<String, Object>> series = new ArrayList<>();
        for (int i = 0; i < chart.series().size(); i++) {
            Chart.ChartSeries line = chart.series().get(i);
            RunRecord run = figure.runs.get(i);
            Map<Double, Double> byEpoch = new LinkedHashMap<>();
            line.points().forEach(p -> byEpoch.put(p.x(), p.y()));
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("name", line.name());
            values.put("style", Chart.cssClasses(i));
            values.put("run", runs.indexOf(run));
            values.put("y", at(run.epochs().stream().map(e -> e.get("epoch")).toList(), byEpoch));
            values.put("best", line.best().isPresent() ? rounded(line.best().getAsDouble()) : null);
            series.add(values);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("title", chart.title());
        all.put("log", chart.log());
        all.put("percent", chart.percent());
        all.put("series", series);
        return all;
    }

    private static String text(Object values) {
        try {
            return JSON.writeValueAsString(values);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the value of each epoch, null where unknown. */
    private static List<BigDecimal> at(List<Double> epochs, Map<Double, Double> byEpoch) {
        List<BigDecimal> values = new ArrayList<>();
        epochs.forEach(epoch -> values.add(rounded(byEpoch.getOrDefault(epoch, Double.NaN))));
        return values;
    }

    /** Rounds to five digits, which a chart cannot show, so that pages of many long runs stay small. */
    private static BigDecimal rounded(double value) {
        if (!Double.isFinite(value)) return null;
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(5)).stripTrailingZeros();
        return rounded.scale() < 0 ? rounded.setScale(0) : rounded; // 10, not 1E+1
    }
}
