package org.vit4j.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import org.vit4j.data.Image;
import org.vit4j.explain.Explainer;
import org.vit4j.explain.HeadTable;
import org.vit4j.explain.Heat;
import org.vit4j.explain.Similarity;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;
import org.vit4j.report.Chart;
import org.vit4j.report.Chart.Point;
import org.vit4j.report.Chart.Series;
import org.vit4j.report.ContactSheet;
import org.vit4j.report.ContactSheet.Share;
import org.vit4j.report.ContactSheet.Tile;
import org.vit4j.report.Heatmap;

/**
 * What a model looks at, as figures for cells; {@link org.vit4j.explain} says what each measures. Models stay open.
 *
 * <p>A method that has no meaning for a network is a {@link org.vit4j.config.ConfigError} that says why.
 */
public final class Looking {
    private Looking() {}

    /** Each image as the network sees it, and over it what spoke for its answer (Grad-CAM at the last block). */
    public static Figure gradCam(SavedModel model, List<Image> images) {
        return overlays(model, images, "Grad-CAM", Explainer::gradCam);
    }

    /** Each image, and over it how much of each place is in the answer when attention is followed through all layers. */
    public static Figure rollout(SavedModel model, List<Image> images) {
        return overlays(model, images, "Attention rollout", Explainer::rollout);
    }

    private static Figure overlays(
            SavedModel model, List<Image> images, String method, BiFunction<Explainer, Image, Heat> look) {
        List<Tile> tiles = new ArrayList<>();
        String layer = "";
        try (Explainer explainer = Explainer.of(model)) {
            for (Image image : images) {
                Image view = explainer.view(image);
                Heat heat = look.apply(explainer, image);
                layer = heat.layer();
                Prediction guess = model.predict(image, 1).get(0);
                List<Share> says = List.of(new Share(guess.label(), guess.probability()));
                tiles.add(new Tile(Heat.plain(view), says));
                tiles.add(new Tile(heat.over(view), says));
            }
        }
        String title = method + ", " + model.description().name();
        return Figure.png(ContactSheet.draw(title, "what it sees and what counts, at " + layer, tiles), title);
    }

    /** How far each head of each layer looks, in pixels: the nearest and the farthest head, and the mean. */
    public static Figure distance(SavedModel model, List<Image> images) {
        try (Explainer explainer = Explainer.of(model)) {
            HeadTable table = explainer.distance(images);
            List<Series> lines = List.of(
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

    private static Series series(String name, java.util.function.Function<List<Double>, Double> of, HeadTable table) {
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < table.values().size(); i++)
            points.add(new Point(i + 1, of.apply(table.values().get(i))));
        return new Series(name, points);
    }

    /** How alike the maps of each layer and the one before it are, of several models in one picture. */
    public static Figure collapse(List<String> names, List<SavedModel> models, List<Image> images) {
        List<Series> lines = new ArrayList<>();
        for (int m = 0; m < models.size(); m++) {
            double[] curve = similarities(models.get(m), images).toTheOneBefore();
            List<Point> points = new ArrayList<>();
            for (int i = 1; i < curve.length; i++) points.add(new Point(i + 1, curve[i]));
            lines.add(new Series(names.get(m), points));
        }
        Chart chart = Chart.of("Likeness of maps to the layer before", "layer of attention", lines);
        return Figure.charts(List.of(chart), "likeness of attention maps of " + String.join(", ", names));
    }

    /** How alike the maps of all pairs of layers are, from 0 to 1. */
    public static Figure similarity(SavedModel model, List<Image> images) {
        Similarity found = similarities(model, images);
        List<List<Heatmap.Cell>> rows = new ArrayList<>();
        List<String> numbers = new ArrayList<>();
        for (int i = 0; i < found.layers().size(); i++) {
            numbers.add(Integer.toString(i + 1));
            List<Heatmap.Cell> row = new ArrayList<>();
            for (double value : found.between()[i]) row.add(cell(value));
            rows.add(row);
        }
        String title = "Likeness of attention maps, " + model.description().name();
        return Figure.svg(new Heatmap(title, "layer", "layer", numbers, numbers, rows).svg(), title);
    }

    private static Heatmap.Cell cell(double value) {
        if (Double.isNaN(value)) return new Heatmap.Cell("–", 0, Heatmap.Colour.BLUE, "maps of different shapes");
        String text = String.format(Locale.ROOT, "%.2f", value);
        return new Heatmap.Cell(text, Math.max(0, Math.min(1, value)), Heatmap.Colour.BLUE, text);
    }

    private static Similarity similarities(SavedModel model, List<Image> images) {
        try (Explainer explainer = Explainer.of(model)) {
            return explainer.similarity(images);
        }
    }
}
