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
import org.vit4j.data.Image;
import org.vit4j.data.ImageFile;
import org.vit4j.io.AtomicFiles;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;
import org.vit4j.report.Chart;
import org.vit4j.report.ImagePage;

/** Some methods over some pictures, written into a directory: PNG, CSV, npy, and {@code explain.html} with all of it. */
public final class ExplainRun {
    /** A CSV with more columns than this opens nowhere; the npy has them all. */
    private static final int MOST_COLUMNS = 16384;
    /** Grids up to so many cells are in the machine output. */
    private static final int MOST_CELLS = 4096;

    private final SavedModel model;
    private final Explainer explainer;
    private final ExplainRequest request;
    private final List<Image> images = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final List<ImagePage.PageSection> sections = new ArrayList<>();
    private final List<Map<String, Object>> results = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /**
     * What is asked for.
     *
     * @param layer a tensor or layer of attention, for the methods that look at one
     * @param head of attention, from 0
     * @param of a class, by name or index
     * @param maxPixels larger images are refused
     */
    public record ExplainRequest(
            List<Path> pictures,
            List<ExplainMethod> methods,
            Optional<String> layer,
            OptionalInt head,
            Optional<String> of,
            Path directory,
            long maxPixels) {
        public ExplainRequest {
            pictures = List.copyOf(pictures);
            methods = List.copyOf(methods);
        }
    }

    /**
     * What came of it.
     *
     * @param results one for each picture and method, or for each method over all pictures
     * @param notes methods that have no meaning for the network, a line each
     */
    public record ExplainOutcome(Path page, List<Map<String, Object>> results, List<String> notes) {}

    private ExplainRun(SavedModel model, Explainer explainer, ExplainRequest request) {
        this.model = model;
        this.explainer = explainer;
        this.request = request;
    }

    /** @throws ConfigError when something asked for is not there, or none of the methods has a meaning */
    public static ExplainOutcome write(SavedModel model, ExplainRequest request) {
        try (Explainer explainer = Explainer.of(model)) {
            return new ExplainRun(model, explainer, request).write();
        }
    }

    private ExplainOutcome write() {
        int channels = model.description().model().image().channels();
        for (Path picture : request.pictures) {
            // As the network sees it; whole photographs would fill the heap.
            images.add(explainer.view(ImageFile.read(picture, channels, request.maxPixels)));
            names.add(name(picture));
        }
        for (ExplainMethod method : request.methods) {
            try {
                section(method);
            } catch (ConfigError e) {
                if (request.methods.size() == 1) throw e;
                notes.add(method.word() + ": " + e.getMessage());
                sections.add(
                        new ImagePage.PageSection(method.title(), e.getMessage(), List.of(), List.of(), List.of()));
            }
        }
        Path page = request.directory.resolve("explain.html");
        String status =
                model.description().name() + ", " + images.size() + (images.size() == 1 ? " picture" : " pictures");
        AtomicFiles.write(
                page, new ImagePage("What " + model.description().name() + " looks at", status, sections).html());
        return new ExplainOutcome(page, results, notes);
    }

    /** The file's name without its ending; numbered where two are called alike. */
    private String name(Path picture) {
        String file = picture.getFileName().toString();
        int dot = file.lastIndexOf('.');
        String stem = dot > 0 ? file.substring(0, dot) : file;
        String name = stem;
        for (int i = 2; names.contains(name); i++) name = stem + "-" + i;
        return name;
    }

    private void section(ExplainMethod method) {
        switch (method) {
            case GRADCAM, ROLLOUT, ATTENTION, SALIENCY -> pictures(method);
            case DISTANCE -> distance();
            case SIMILARITY -> similarity();
            case FEATURES -> features();
        }
    }

    private void pictures(ExplainMethod method) {
        List<ImagePage.PageFigure> figures = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            Image image = images.get(i);
            List<Prediction> top = model.predict(image, 1);
            int chosen = request.of.map(this::classIndex).orElse(top.get(0).index());
            HeatMap heat = heat(method, image, chosen);
            boolean byClass = method == ExplainMethod.GRADCAM || method == ExplainMethod.SALIENCY;
            String file = names.get(i) + "-" + method.word() + ".png";
            byte[] png = png(heat.over(explainer.view(image)));
            AtomicFiles.write(request.directory.resolve(file), temporary -> Files.write(temporary, png));
            String guess = String.format(
                    Locale.ROOT,
                    "taken for %s, %.1f%%",
                    top.get(0).label(),
                    100 * top.get(0).probability());
            figures.add(new ImagePage.PageFigure(
                    names.get(i), png(HeatMap.plain(explainer.view(image))), List.of(names.get(i), guess)));
            List<String> caption = new ArrayList<>();
            caption.add(byClass ? "for " + model.description().classes().get(chosen) : names.get(i));
            caption.add(heat.layer() + (method == ExplainMethod.ATTENTION ? heads() : ""));
            figures.add(new ImagePage.PageFigure(names.get(i) + ", " + method.title(), png, caption));
            results.add(result(method, i, heat, byClass ? Optional.of(chosen) : Optional.empty(), file));
        }
        sections.add(new ImagePage.PageSection(method.title(), method.note(), figures, List.of(), List.of()));
    }

    private String heads() {
        return request.head.isPresent() ? ", head " + request.head.getAsInt() : ", mean over heads";
    }

    private HeatMap heat(ExplainMethod method, Image image, int chosen) {
        OptionalInt of = OptionalInt.of(chosen);
        return switch (method) {
            case GRADCAM -> explainer.gradCam(image, request.layer.orElseGet(explainer::gradCamLayer), of);
            case SALIENCY -> explainer.saliency(image, of);
            case ROLLOUT -> explainer.rollout(image);
            case ATTENTION ->
                explainer.attention(image, request.layer.orElseGet(explainer::attentionLayer), request.head);
            case DISTANCE, SIMILARITY, FEATURES -> throw new AssertionError(method);
        };
    }

    private Map<String, Object> result(
            ExplainMethod method, int image, HeatMap heat, Optional<Integer> chosen, String file) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("method", method.word());
        result.put("image", request.pictures.get(image).toString());
        result.put("layer", heat.layer());
        if (method == ExplainMethod.ATTENTION) request.head.ifPresent(head -> result.put("head", head));
        chosen.ifPresent(
                index -> result.put("class", model.description().classes().get(index)));
        result.put("grid", List.of(heat.values().length, heat.values()[0].length));
        result.put("largest", heat.largest());
        if (heat.grid().grid() <= MOST_CELLS) result.put("values", heat.values());
        result.put("file", request.directory.resolve(file).toString());
        return result;
    }

    /** By name, or else by index from 0. */
    private int classIndex(String of) {
        List<String> classes = model.description().classes();
        if (classes.contains(of)) return classes.indexOf(of);
        if (of.matches("\\d{1,9}") && Integer.parseInt(of) < classes.size()) return Integer.parseInt(of);
        throw new ConfigError("--class " + of + ": the model has no such class; it has " + classes.size() + ", from "
                + classes.get(0) + " to " + classes.get(classes.size() - 1));
    }

    private void distance() {
        HeadTable table = explainer.distance(images);
        int most = table.values().stream().mapToInt(List::size).max().orElse(0);
        List<String> header = new ArrayList<>(List.of("layer"));
        for (int h = 0; h < most; h++) header.add("head " + h);
        List<ImagePage.PageRow> rows = new ArrayList<>();
        for (int i = 0; i < table.layers().size(); i++) {
            List<Double> row = new ArrayList<>(table.values().get(i));
            while (row.size() < most) row.add(Double.NaN);
            rows.add(new ImagePage.PageRow(table.layers().get(i), row));
        }
        Chart chart = Chart.of(
                "Mean attention distance, pixels",
                "layer of attention",
                List.of(
                        curve("mean over heads", table.means()),
                        curve("looking everywhere", explainer.uniformDistance()),
                        curve(
                                "farthest head",
                                table.values().stream().map(Collections::max).toList()),
                        curve(
                                "nearest head",
                                table.values().stream().map(Collections::min).toList())));
        String left = without(table.layers().size());
        var numbers = new ImagePage.PageTable("Distance in pixels of each layer and head", false, header, rows);
        sections.add(new ImagePage.PageSection(
                ExplainMethod.DISTANCE.title(),
                ExplainMethod.DISTANCE.note() + left,
                List.of(),
                List.of(chart),
                List.of(numbers)));
        AtomicFiles.write(request.directory.resolve("distance.svg"), chart.standalone());
        Path file = csv("distance.csv", header, rows);
        results.add(Map.of(
                "method",
                ExplainMethod.DISTANCE.word(),
                "layers",
                table.layers(),
                "pixels",
                table.values(),
                "uniform",
                explainer.uniformDistance(),
                "file",
                file.toString()));
    }

    private String without(int measured) {
        int off = explainer.attentions().size() - measured;
        String text = off > 0 ? " Left out: " + off + " layers in which only class tokens ask or are asked." : "";
        List<String> none = explainer.withoutMaps();
        return none.isEmpty() ? text : text + " Without maps (random features): " + String.join(", ", none) + ".";
    }

    private void similarity() {
        LayerSimilarity similarity = explainer.similarity(images);
        List<String> layers = similarity.layers();
        List<String> header = new ArrayList<>(List.of("layer"));
        for (int i = 0; i < layers.size(); i++) header.add(String.valueOf(i + 1));
        List<ImagePage.PageRow> rows = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            List<Double> row = Arrays.stream(similarity.between()[i]).boxed().toList();
            rows.add(new ImagePage.PageRow((i + 1) + " " + layers.get(i), row));
        }
        List<Double> curve = Arrays.stream(similarity.toTheOneBefore()).boxed().toList();
        Chart chart =
                Chart.of("Similarity to the layer before", "layer of attention", List.of(curve("mean cosine", curve)));
        var table = new ImagePage.PageTable("Mean cosine between the maps of two layers", true, header, rows);
        sections.add(new ImagePage.PageSection(
                ExplainMethod.SIMILARITY.title(),
                ExplainMethod.SIMILARITY.note(),
                List.of(),
                List.of(chart),
                List.of(table)));
        AtomicFiles.write(request.directory.resolve("similarity.svg"), chart.standalone());
        Path file = csv("similarity.csv", header, rows);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("method", ExplainMethod.SIMILARITY.word());
        result.put("layers", layers);
        result.put("between", rows.stream().map(row -> finite(row.values())).toList());
        result.put("file", file.toString());
        results.add(result);
    }

    /** JSON has no NaN. */
    private static List<Double> finite(List<Double> values) {
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
        result.put("method", ExplainMethod.FEATURES.word());
        result.put("layer", tensor);
        result.put("shape", values.shape());
        result.put("file", npy.toString());
        if (columns <= MOST_COLUMNS) {
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

    private static byte[] png(BufferedImage picture) {
        var bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(picture, "png", bytes)) throw new AssertionError("no writer of PNG");
        } catch (IOException e) {
            throw new AssertionError("memory cannot fail", e);
        }
        return bytes.toByteArray();
    }
}
