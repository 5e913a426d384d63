package org.vit4j.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import org.vit4j.data.image.Image;
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
 * Explanations of a model as figures; {@link org.vit4j.explain} describes the methods. Models are not closed.
 *
 * <p>A method that does not apply to the network raises a {@link org.vit4j.config.ConfigError} with the reason.
 */
public final class Explain {
    private Explain() {}

    /** Shows each preprocessed image and its Grad-CAM heat map at the last block for the predicted class. */
    public static Figure gradCam(SavedModel model, List<Image> images) {
        return overlays(model, images, "Grad-CAM", Explainer::gradCam);
    }

    /** Shows each preprocessed image and its attention rollout. */
    public static Figure rollout(SavedModel model, List<Image> images) {
        return overlays(model, images, "Attention rollout", Explainer::rollout);
    }

    private static Figure overlays(
            SavedModel model, List<Image> images, String method, BiFunction<Explainer, Image, HeatMap> explain) {
        List<SheetTile> tiles = new ArrayList<>();
        String layer = "";
        try (Explainer explainer = Explainer.of(model)) {
            for (Image image : images) {
                Image view = explainer.view(image);
                HeatMap heat = explain.apply(explainer, image);
                layer = heat.layer();
                Prediction prediction = model.predict(image, 1).get(0);
                List<LabelShare> shares = List.of(new LabelShare(prediction.label(), prediction.probability()));
                tiles.add(new SheetTile(HeatMap.image(view), shares));
                tiles.add(new SheetTile(heat.overlay(view), shares));
            }
        }
        String title = method + ", " + model.description().name();
        return Figure.png(ContactSheet.draw(title, "preprocessed image and heat map of " + layer, tiles), title);
    }

    /** Plots the mean attention distance of each layer in pixels: nearest head, farthest head and mean. */
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
            Chart chart = Chart.of("Attention distance of " + name + ", pixels", "attention layer", lines);
            return Figure.charts(List.of(chart), "mean attention distance of " + name + " by layer: " + table.means());
        }
    }

    private static ChartSeries series(
            String name, java.util.function.Function<List<Double>, Double> reduce, HeadTable table) {
        List<ChartPoint> points = new ArrayList<>();
        for (int i = 0; i < table.values().size(); i++)
            points.add(new ChartPoint(i + 1, reduce.apply(table.values().get(i))));
        return new ChartSeries(name, points);
    }

    /**
     * Plots the similarity of attention maps of consecutive layers for several models, which shows attention collapse.
     */
    public static Figure collapse(List<String> names, List<SavedModel> models, List<Image> images) {
        List<ChartSeries> lines = new ArrayList<>();
        for (int m = 0; m < models.size(); m++) {
            double[] curve = similarities(models.get(m), images).toPreviousLayer();
            List<ChartPoint> points = new ArrayList<>();
            for (int i = 1; i < curve.length; i++) points.add(new ChartPoint(i + 1, curve[i]));
            lines.add(new ChartSeries(names.get(m), points));
        }
        Chart chart = Chart.of("Similarity of attention maps to the previous layer", "attention layer", lines);
        return Figure.charts(List.of(chart), "similarity of attention maps of " + String.join(", ", names));
    }

    /** Shows the similarity of the attention maps of all pairs of layers, from 0 to 1. */
    public static Figure similarity(SavedModel model, List<Image> images) {
        LayerSimilarity similarity = similarities(model, images);
        List<List<MatrixChart.MatrixCell>> rows = new ArrayList<>();
        List<String> numbers = new ArrayList<>();
        for (int i = 0; i < similarity.layers().size(); i++) {
            numbers.add(Integer.toString(i + 1));
            List<MatrixChart.MatrixCell> row = new ArrayList<>();
            for (double value : similarity.cosines()[i]) row.add(cell(value));
            rows.add(row);
        }
        String title = "Similarity of attention maps, " + model.description().name();
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
