package org.vit4j.explain;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.io.AtomicFiles;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;
import org.vit4j.report.Chart;
import org.vit4j.report.ImagePage;

/**
 * Applies explanation methods to images and writes PNG, CSV and .npy files and a page {@code explain.html} with all
 * results.
 */
public final class ExplainRun {
    /** Column limit of common spreadsheets; above it only the .npy file is written. */
    private static final int MAX_CSV_COLUMNS = 16384;
    /** Larger grids are not included in the JSON output. */
    private static final int MAX_JSON_CELLS = 4096;

    private final SavedModel model;
    private final Explainer explainer;
    private final ExplainRequest request;
    private final List<Image> images = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final List<ImagePage.PageSection> sections = new ArrayList<>();
    private final List<Map<String, Object>> results = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /**
     * Images, methods and options.
     *
     * @param layer a tensor or attention layer, for the methods that explain one layer
     * @param head attention head, from 0
     * @param targetClass class to explain, by name or index; the predicted class if empty
     * @param directory output directory
     * @param maxPixels larger images are refused
     */
    public record ExplainRequest(
            List<Path> images,
            List<ExplainMethod> methods,
            Optional<String> layer,
            OptionalInt head,
            Optional<String> targetClass,
            Path directory,
            long maxPixels) {
        public ExplainRequest {
            images = List.copyOf(images);
            methods = List.copyOf(methods);
        }
    }

    /**
     * Results of a run.
     *
     * @param results one entry for each image and method, or for each method that summarizes all images
     * @param notes one line for each method that does not apply to the network
     */
    public record ExplainOutcome(Path page, List<Map<String, Object>> results, List<String> notes) {}

    private ExplainRun(SavedModel model, Explainer explainer, ExplainRequest request) {
        this.model = model;
        this.explainer = explainer;
        this.request = request;
    }

    /**
     * Computes and writes all explanations.
     *
     * @throws ConfigError if a layer, head or class does not exist, or the only method does not apply to the network
     */
    public static ExplainOutcome write(SavedModel model, ExplainRequest request) {
        try (Explainer explainer = Explainer.of(model)) {
            return new ExplainRun(model, explainer, request).write();
        }
    }

    private ExplainOutcome write() {
        int channels = model.description().model().image().channels();
        for (Path file : request.images) {
            // Resized at once: the original photographs together would exceed the heap.
            images.add(explainer.view(ImageFile.read(file, channels, request.maxPixels)));
            names.add(uniqueName(file));
        }
        for (ExplainMethod method : request.methods) {
            try {
                addSection(method);
            } catch (ConfigError e) {
                if (request.methods.size() == 1) throw e;
                notes.add(method.cliName() + ": " + e.getMessage());
                sections.add(
                        new ImagePage.PageSection(method.title(), e.getMessage(), List.of(), List.of(), List.of()));
            }
        }
        Path page = request.directory.resolve("explain.html");
        String status = model.description().name() + ", " + images.size() + (images.size() == 1 ? " image" : " images");
        AtomicFiles.write(
                page, new ImagePage("Explanations of " + model.description().name(), status, sections).html());
        return new ExplainOutcome(page, results, notes);
    }

    /** Returns the file name without its extension, with a number appended if the name is taken. */
    private String uniqueName(Path file) {
        String fileName = file.getFileName().toString();
        int dot = fileName.lastIndexOf('.');
        String stem = dot > 0 ? fileName.substring(0, dot) : fileName;
        String name = stem;
        for (int i = 2; names.contains(name); i++) name = stem + "-" + i;
        return name;
    }

    private void addSection(ExplainMethod method) {
        switch (method) {
            case GRADCAM, ROLLOUT, ATTENTION, SALIENCY -> heatMaps(method);
            case DISTANCE -> distance();
            case SIMILARITY -> similarity();
            case FEATURES -> features();
        }
    }

    private void heatMaps(ExplainMethod method) {
        List<ImagePage.PageFigure> figures = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            Image image = images.get(i);
            List<Prediction> top = model.predict(image, 1);
            int target =
                    request.targetClass.map(this::classIndex).orElse(top.get(0).index());
            HeatMap heat = heatMap(method, image, target);
            boolean classSpecific = method == ExplainMethod.GRADCAM || method == ExplainMethod.SALIENCY;
            String file = names.get(i) + "-" + method.cliName() + ".png";
            byte[] png = png(heat.overlay(explainer.view(image)));
            AtomicFiles.write(request.directory.resolve(file), temporary -> Files.write(temporary, png));
            String prediction = String.format(
                    Locale.ROOT,
                    "predicted %s, %.1f%%",
                    top.get(0).label(),
                    100 * top.get(0).probability());
            figures.add(new ImagePage.PageFigure(
                    names.get(i), png(HeatMap.image(explainer.view(image))), List.of(names.get(i), prediction)));
            List<String> caption = new ArrayList<>();
            caption.add(classSpecific ? "for " + model.description().classes().get(target) : names.get(i));
            caption.add(heat.layer() + (method == ExplainMethod.ATTENTION ? headCaption() : ""));
            figures.add(new ImagePage.PageFigure(names.get(i) + ", " + method.title(), png, caption));
            results.add(result(method, i, heat, classSpecific ? Optional.of(target) : Optional.empty(), file));
        }
        sections.add(new ImagePage.PageSection(method.title(), method.note(), figures, List.of(), List.of()));
    }

    private String headCaption() {
        return request.head.isPresent() ? ", head " + request.head.getAsInt() : ", mean over heads";
    }

    private HeatMap heatMap(ExplainMethod method, Image image, int target) {
        OptionalInt classIndex = OptionalInt.of(target);
        return switch (method) {
            case GRADCAM -> explainer.gradCam(image, request.layer.orElseGet(explainer::gradCamLayer), classIndex);
            case SALIENCY -> explainer.saliency(image, classIndex);
            case ROLLOUT -> explainer.rollout(image);
            case ATTENTION ->
                explainer.attention(image, request.layer.orElseGet(explainer::attentionLayer), request.head);
            case DISTANCE, SIMILARITY, FEATURES -> throw new AssertionError(method);
        };
    }

    private Map<String, Object> result(
            ExplainMethod method, int image, HeatMap heat, Optional<Integer> target, String file) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("method", method.cliName());
        result.put("image", request.images.get(image).toString());
        result.put("layer", heat.layer());
        if (method == ExplainMethod.ATTENTION) request.head.ifPresent(head -> result.put("head", head));
        target.ifPresent(
                index -> result.put("class", model.description().classes().get(index)));
        result.put("grid", List.of(heat.values().length, heat.values()[0].length));
        result.put("largest", heat.max());
        if (heat.grid().grid() <= MAX_JSON_CELLS) result.put("values", heat.values());
        result.put("file", request.directory.resolve(file).toString());
        return result;
    }

    /** Finds a class by name, then by index from 0. */
    private int classIndex(String name) {
        List<String> classes = model.description().classes();
        if (classes.contains(name)) return classes.indexOf(name);
        if (name.matches("\\d{1,9}") && Integer.parseInt(name) < classes.size()) return Integer.parseInt(name);
        throw new ConfigError("--class " + name + ": unknown class; the model has " + classes.size() + " classes, from "
                + classes.get(0) + " to " + classes.get(classes.size() - 1));
    }

    private void distance() {
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
        sections.add(new ImagePage.PageSection(
                ExplainMethod.DISTANCE.title(),
                ExplainMethod.DISTANCE.note() + omitted,
                List.of(),
                List.of(chart),
                List.of(numbers)));
        AtomicFiles.write(request.directory.resolve("distance.svg"), chart.standalone());
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

    private void similarity() {
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
        sections.add(new ImagePage.PageSection(
                ExplainMethod.SIMILARITY.title(),
                ExplainMethod.SIMILARITY.note(),
                List.of(),
                List.of(chart),
                List.of(table)));
        AtomicFiles.write(request.directory.resolve("similarity.svg"), chart.standalone());
        Path file = csv("similarity.csv", header, rows);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("method", ExplainMethod.SIMILARITY.cliName());
        result.put("layers", layers);
        result.put("between", rows.stream().map(row -> nanToNull(row.values())).toList());
        result.put("file", file.toString());
        results.add(result);
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

    private void features() {
        String tensor = request.layer.orElseGet(explainer::featureLayer);
        INDArray values = explainer.features(images, tensor);
        Path npy = request.directory.resolve("features.npy");
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
            Path csv = request.directory.resolve("features.csv");
            FeatureFiles.csv(csv, names, all);
            result.put("csv", csv.toString());
            note += " and features.csv";
        }
        results.add(result);
        String text = ExplainMethod.FEATURES.note() + " " + note + ".";
        sections.add(new ImagePage.PageSection(ExplainMethod.FEATURES.title(), text, List.of(), List.of(), List.of()));
    }

    private Path csv(String name, List<String> header, List<ImagePage.PageRow> rows) {
        StringBuilder text = new StringBuilder(String.join(",", header)).append('\n');
        for (ImagePage.PageRow row : rows) {
            text.append(row.name());
            for (double value : row.values()) text.append(',').append(Double.isNaN(value) ? "" : (float) value);
            text.append('\n');
        }
        Path file = request.directory.resolve(name);
        AtomicFiles.write(file, text.toString());
        return file;
    }

    private static byte[] png(BufferedImage image) {
        var bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, "png", bytes)) throw new AssertionError("no PNG writer");
        } catch (IOException e) {
            throw new AssertionError("writing to memory failed", e);
        }
        return bytes.toByteArray();
    }
}
