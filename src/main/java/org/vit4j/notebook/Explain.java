package org.vit4j.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import org.vit4j.data.Image;
import org.vit4j.explain.Explainer;
import org.vit4j.explain.HeadTable;
import org.vit4j.explain.HeatMap;
import org.vit4j.explain.LayerSimilarity;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;
import org.vit4j.report.Chart;
import org.vit4j.report.Chart.ChartPoint;
import org.vit4j.report.Chart.ChartSeries;
import org.vit4j.report.ContactSheet;
import org.vit4j.report.ContactSheet.LabelShare;
import org.vit4j.report.ContactSheet.SheetTile;
import org.vit4j.report.MatrixChart;

/**
 * What a model looks at, as figures for cells; {@link org.vit4j.explain} says what each measures. Models stay open.
 *
 * <p>A method that has no meaning for a network is a {@link org.vit4j.config.ConfigError} that says why.
 */
public final class Explain {
    private Explain() {}

    /** Each image as the network sees it, and over it what spoke for its answer (Grad-CAM at the last block). */
    public static Figure gradCam(SavedModel model, List<Image> images) {
        return overlays(model, images, "Grad-CAM", Explainer::gradCam);
    }

    /** Each image, and over it how much of each place is in the answer when attention is followed through all layers. */
    public static Figure rollout(SavedModel model, List<Image> images) {
        return overlays(model, images, "Attention rollout", Explainer::rollout);
    }

    private static Figure overlays(
            SavedModel model, List<Image> images, String method, BiFunction<Explainer, Image, HeatMap> look) {
        List<SheetTile> tiles = new ArrayList<>();
        String layer = "";
        try (Explainer explainer = Explainer.of(model)) {
            for (Image image : images) {
                Image view = explainer.view(image);
                HeatMap heat = look.apply(explainer, image);
                layer = heat.layer();
                Prediction guess = model.predict(image, 1).get(0);
                List<LabelShare> says = List.of(new LabelShare(guess.label(), guess.probability()));
                tiles.add(new SheetTile(HeatMap.plain(view), says));
                tiles.add(new SheetTile(heat.over(view), says));
            }
        }
        String title = method + ", " + model.description().name();
        return Figure.png(ContactSheet.draw(title, "what it sees and what counts, at " + layer, tiles), title);
    }

    /** How far each head of each layer looks, in pixels: the nearest and the farthest head, and the mean. */
    public static Figure distance(SavedModel model, List<Image> images) {
        try (Explainer explainer = Explainer.of(model)) {
            HeadTable table = explainer.distance(images);
            List<ChartSeries> lines = List.of(
                    series(
                            "farthest head",
                            row -> row.stream().max(Double::compare).orElseThrow(),
                            table),
                    series(
                            "mean",
                            row -> row.stream().mapToDouble(x -> x).average().orElseThrow(),
                            table),
                    series(
                            "nearest head",
                            row -> row.stream().min(Double::compare).orElseThrow(),
                            table));
            String name = model.description().name();
            Chart chart = Chart.of("Attention distance of " + name + ", pixels", "layer of attention", lines);
            return Figure.charts(List.of(chart), "mean attention distance of " + name + " by layer: " + table.means());
        }
    }

    private static ChartSeries series(
            String name, java.util.function.Function<List<Double>, Double> of, HeadTable table) {
        List<ChartPoint> points = new ArrayList<>();
        for (int i = 0; i < table.values().size(); i++)
            points.add(new ChartPoint(i + 1, of.apply(table.values().get(i))));
        return new ChartSeries(name, points);
    }

    /** How alike the maps of each layer and the one before it are, of several models in one picture. */
    public static Figure collapse(List<String> names, List<SavedModel> models, List<Image> images) {
        List<ChartSeries> lines = new ArrayList<>();
        for (int m = 0; m < models.size(); m++) {
            double[] curve = similarities(models.get(m), images).toTheOneBefore();
            List<ChartPoint> points = new ArrayList<>();
            for (int i = 1; i < curve.length; i++) points.add(new ChartPoint(i + 1, curve[i]));
            lines.add(new ChartSeries(names.get(m), points));
        }
        Chart chart = Chart.of("Likeness of maps to the layer before", "layer of attention", lines);
        return Figure.charts(List.of(chart), "likeness of attention maps of " + String.join(", ", names));
    }

    /** How alike the maps of all pairs of layers are, from 0 to 1. */
    public static Figure similarity(SavedModel model, List<Image> images) {
        LayerSimilarity found = similarities(model, images);
        List<List<MatrixChart.MatrixCell>> rows = new ArrayList<>();
        List<String> numbers = new ArrayList<>();
        for (int i = 0; i < found.layers().size(); i++) {
            numbers.add(Integer.toString(i + 1));
            List<MatrixChart.MatrixCell> row = new ArrayList<>();
            for (double value : found.between()[i]) row.add(cell(value));
            rows.add(row);
        }
        String title = "Likeness of attention maps, " + model.description().name();
        return Figure.svg(new MatrixChart(title, "layer", "layer", numbers, numbers, rows).svg(), title);
    }

    private static MatrixChart.MatrixCell cell(double value) {
        if (Double.isNaN(value))
            return new MatrixChart.MatrixCell("–", 0, MatrixChart.MatrixColor.BLUE, "maps of different shapes");
        String text = String.format(Locale.ROOT, "%.2f", value);
        return new MatrixChart.MatrixCell(text, Math.max(0, Math.min(1, value)), MatrixChart.MatrixColor.BLUE, text);
    }

    private static LayerSimilarity similarities(SavedModel model, List<Image> images) {
        try (Explainer explainer = Explainer.of(model)) {
            return explainer.similarity(images);
        }
    }
}
