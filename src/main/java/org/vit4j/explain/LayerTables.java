package org.vit4j.explain;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.image.Image;
import org.vit4j.io.AtomicFiles;
import org.vit4j.report.Chart;
import org.vit4j.report.ImagePage;

/** Methods that summarize all images: distance and similarity of attention by layer, and features. Writes their files. */
final class LayerTables {
    /** Column limit of common spreadsheets; above it only the .npy file is written. */
    private static final int MAX_CSV_COLUMNS = 16384;

    private final Explainer explainer;
    private final ExplainRun.ExplainRequest request;
    private final List<Image> images;
    private final List<String> names;

    /** @param images preprocessed */
    LayerTables(Explainer explainer, ExplainRun.ExplainRequest request, List<Image> images, List<String> names) {
        this.explainer = explainer;
        this.request = request;
        this.images = images;
        this.names = names;
    }

    /** Computes the mean attention distance and adds its result. */
    ImagePage.PageSection distance(List<Map<String, Object>> results) {
        HeadTable table = explainer.distance(images);
        int columns = table.values().stream().mapToInt(List::size).max().orElse(0);
        List<String> header = new ArrayList<>(List.of("layer"));
        for (int h = 0; h < columns; h++) header.add("head " + h);
        List<ImagePage.PageRow> rows = new ArrayList<>();
        for (int i = 0; i < table.layers().size(); i++) {
            List<Double> row = new ArrayList<>(table.values().get(i));
            while (row.size() < columns) row.add(Double.NaN);
            rows.add(new ImagePage.PageRow(table.layers().get(i), row));
        }
        Chart chart = Chart.of(
                "Mean attention distance, pixels",
                "attention layer",
                List.of(
                        curve("mean over heads", table.means()),
                        curve("uniform attention", explainer.uniformDistance()),
                        curve(
                                "farthest head",
                                table.values().stream().map(Collections::max).toList()),
                        curve(
                                "nearest head",
                                table.values().stream().map(Collections::min).toList())));
        String omitted = omittedLayers(table.layers().size());
        var numbers =
                new ImagePage.PageTable("Mean attention distance in pixels by layer and head", false, header, rows);
        AtomicFiles.write(request.directory().resolve("distance.svg"), chart.standalone());
        Path file = csv("distance.csv", header, rows);
        results.add(Map.of(
                "method",
                ExplainMethod.DISTANCE.cliName(),
                "layers",
                table.layers(),
                "pixels",
                table.values(),
                "uniform",
                explainer.uniformDistance(),
                "file",
                file.toString()));
        String note = ExplainMethod.DISTANCE.note() + omitted;
        return ImagePage.PageSection.tables(ExplainMethod.DISTANCE.title(), note, chart, numbers);
    }

    private String omittedLayers(int measured) {
        int unmeasured = explainer.attentionLayers().size() - measured;
        String text = unmeasured > 0
                ? " Left out: " + unmeasured + " layers whose only queries or keys are class tokens."
                : "";
        List<String> linear = explainer.layersWithoutMaps();
        return linear.isEmpty()
                ? text
                : text + " Without attention maps (random features): " + String.join(", ", linear) + ".";
    }

    /** Computes the similarity of attention maps and adds its result. */
    ImagePage.PageSection similarity(List<Map<String, Object>> results) {
        LayerSimilarity similarity = explainer.similarity(images);
        List<String> layers = similarity.layers();
        List<String> header = new ArrayList<>(List.of("layer"));
        for (int i = 0; i < layers.size(); i++) header.add(String.valueOf(i + 1));
        List<ImagePage.PageRow> rows = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            List<Double> row = Arrays.stream(similarity.cosines()[i]).boxed().toList();
            rows.add(new ImagePage.PageRow((i + 1) + " " + layers.get(i), row));
        }
        List<Double> curve = Arrays.stream(similarity.toPreviousLayer()).boxed().toList();
        Chart chart =
                Chart.of("Similarity to the previous layer", "attention layer", List.of(curve("mean cosine", curve)));
        var table = new ImagePage.PageTable("Mean cosine between the attention maps of two layers", true, header, rows);
        AtomicFiles.write(request.directory().resolve("similarity.svg"), chart.standalone());
        Path file = csv("similarity.csv", header, rows);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("method", ExplainMethod.SIMILARITY.cliName());
        result.put("layers", layers);
        result.put("between", rows.stream().map(row -> nanToNull(row.values())).toList());
        result.put("file", file.toString());
        results.add(result);
        return ImagePage.PageSection.tables(
                ExplainMethod.SIMILARITY.title(), ExplainMethod.SIMILARITY.note(), chart, table);
    }

    /** Replaces NaN, which JSON cannot represent, by null. */
    private static List<Double> nanToNull(List<Double> values) {
        List<Double> out = new ArrayList<>();
        for (Double value : values) out.add(value.isNaN() ? null : value);
        return out;
    }

    private static Chart.ChartSeries curve(String name, List<Double> values) {
        return new Chart.ChartSeries(
                name,
                IntStream.range(0, values.size())
                        .mapToObj(i -> new Chart.ChartPoint(i + 1, values.get(i)))
                        .toList());
    }

    /** Writes the values of a tensor and adds its result. */
    ImagePage.PageSection features(List<Map<String, Object>> results) {
        String tensor = request.layer().orElseGet(explainer::featureLayer);
        INDArray values = explainer.features(images, tensor);
        Path npy = request.directory().resolve("features.npy");
        float[] all = values.data().asFloat();
        FeatureFiles.npy(npy, values.shape(), all);
        int columns = all.length / images.size();
        String note = tensor + " " + Arrays.toString(values.shape()) + ", in features.npy";
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("method", ExplainMethod.FEATURES.cliName());
        result.put("layer", tensor);
        result.put("shape", values.shape());
        result.put("file", npy.toString());
        if (columns <= MAX_CSV_COLUMNS) {
            Path csv = request.directory().resolve("features.csv");
            FeatureFiles.csv(csv, names, all);
            result.put("csv", csv.toString());
            note += " and features.csv";
        }
        results.add(result);
        String text = ExplainMethod.FEATURES.note() + " " + note + ".";
        return ImagePage.PageSection.note(ExplainMethod.FEATURES.title(), text);
    }

    private Path csv(String name, List<String> header, List<ImagePage.PageRow> rows) {
        StringBuilder text = new StringBuilder(String.join(",", header)).append('\n');
        for (ImagePage.PageRow row : rows) {
            text.append(row.name());
            for (double value : row.values()) text.append(',').append(Double.isNaN(value) ? "" : (float) value);
            text.append('\n');
        }
        Path file = request.directory().resolve(name);
        AtomicFiles.write(file, text.toString());
        return file;
    }
}
