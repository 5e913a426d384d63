package org.vit4j.explain;

import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UnicodeNames;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.PngEncoder;
import org.vit4j.io.AtomicFiles;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;
import org.vit4j.report.ImagePage;

/** Heat maps of images: one row per image on the page, with its predictions, and a PNG file per map. */
final class ImageExplanations {
    /** Number of classes listed for each image. */
    private static final int PREDICTIONS = 5;
    /** Largest number of labels of an image that are explained. */
    private static final int LABELS = 3;
    /** Larger grids are not included in the JSON output. */
    private static final int MAX_JSON_CELLS = 4096;

    private final SavedModel model;
    private final Explainer explainer;
    private final ExplainRun.ExplainRequest request;
    private final List<Image> images;
    private final List<String> names;
    private final List<List<Prediction>> predictions = new ArrayList<>();
    private final List<ExplainMethod> applied = new ArrayList<>();
    private final List<List<ImagePage.PageFigure>> figures = new ArrayList<>();
    private final List<List<ImagePage.PageFigure>> heads = new ArrayList<>();

    /** @param images preprocessed */
    ImageExplanations(
            SavedModel model,
            Explainer explainer,
            ExplainRun.ExplainRequest request,
            List<Image> images,
            List<String> names) {
        this.model = model;
        this.explainer = explainer;
        this.request = request;
        this.images = images;
        this.names = names;
        int classes = model.description().classes().size();
        for (Image image : images) {
            predictions.add(model.predict(image, Math.min(PREDICTIONS, classes)));
            figures.add(new ArrayList<>());
            heads.add(new ArrayList<>());
        }
    }

    /** Explains all images by one method and returns a result for each map. */
    List<Map<String, Object>> add(ExplainMethod method) {
        List<Map<String, Object>> results = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            Image image = images.get(i);
            List<Integer> all = targets(i);
            List<Integer> targets = method.isClassSpecific() ? all : all.subList(0, 1);
            if (method != ExplainMethod.HEADS) {
                for (int rank = 0; rank < targets.size(); rank++) {
                    int target = targets.get(rank);
                    String suffix = rank == 0 ? "" : "-" + (rank + 1);
                    results.add(add(method, i, heatMap(method, image, target), target, OptionalInt.empty(), suffix));
                }
                continue;
            }
            List<HeatMap> maps = explainer.heads(image, attentionLayer());
            for (int h = 0; h < maps.size(); h++) {
                results.add(add(method, i, maps.get(h), 0, OptionalInt.of(h), "-" + h));
            }
        }
        applied.add(method);
        return results;
    }

    /**
     * Classes to explain: the requested one, or the most probable one. For a model of several labels per image, the labels of the
     * image, at most {@value #LABELS}.
     */
    private List<Integer> targets(int image) {
        if (request.targetClass().isPresent())
            return List.of(classIndex(request.targetClass().get()));
        List<Prediction> sorted = predictions.get(image);
        List<Integer> labels = sorted.stream()
                .filter(p -> model.description().multiLabel() && p.probability() > 0.5)
                .limit(LABELS)
                .map(Prediction::index)
                .toList();
        return labels.isEmpty() ? List.of(sorted.get(0).index()) : labels;
    }

    private String attentionLayer() {
        return request.layer().orElseGet(explainer::attentionLayer);
    }

    private HeatMap heatMap(ExplainMethod method, Image image, int target) {
        OptionalInt classIndex = OptionalInt.of(target);
        return switch (method) {
            case GRADCAM -> explainer.gradCam(image, request.layer().orElseGet(explainer::gradCamLayer), classIndex);
            case SALIENCY -> explainer.saliency(image, classIndex);
            case ROLLOUT -> explainer.rollout(image, request.rollout());
            case ATTENTION ->
                explainer.attention(
                        image,
                        attentionLayer(),
                        request.head(),
                        request.rollout().fusion());
            case HEADS, DISTANCE, SIMILARITY, FEATURES -> throw new AssertionError(method);
        };
    }

    /** @param suffix of the file name */
    private Map<String, Object> add(
            ExplainMethod method, int i, HeatMap heat, int target, OptionalInt head, String suffix) {
        String name = names.get(i) + "-" + method.cliName() + suffix;
        double top = heat.scaleTop(request.percentile());
        byte[] png = PngEncoder.encode(heat.overlay(explainer.view(images.get(i)), top));
        AtomicFiles.write(request.directory().resolve(name + ".png"), temporary -> Files.write(temporary, png));
        Optional<String> classLabel = method.isClassSpecific()
                ? Optional.of(model.description().classes().get(target))
                : Optional.empty();
        var figure = new ImagePage.PageFigure(
                names.get(i) + ", " + method.title(), png, caption(method, heat, classLabel, head, top));
        (head.isPresent() ? heads : figures).get(i).add(figure);
        return result(method, i, heat, classLabel, head, name + ".png");
    }

    private List<String> caption(
            ExplainMethod method, HeatMap heat, Optional<String> classLabel, OptionalInt head, double top) {
        List<String> caption = new ArrayList<>();
        caption.add(head.isPresent() ? "head " + head.getAsInt() : method.title());
        classLabel.ifPresent(label -> caption.add("for " + label));
        if (head.isEmpty()) caption.add(heat.layer() + options(method));
        caption.add(String.format(Locale.ROOT, "0 to %.3g, largest %.3g", top, heat.max()));
        return caption;
    }

    private String options(ExplainMethod method) {
        RolloutOptions rollout = request.rollout();
        String fused = ", " + rollout.fusion().cliName() + " over heads";
        if (method == ExplainMethod.ATTENTION) {
            return request.head().isPresent() ? ", head " + request.head().getAsInt() : fused;
        }
        if (method != ExplainMethod.ROLLOUT) return "";
        String discarded = ", " + number(100 * rollout.discard()) + "% discarded";
        return fused + (rollout.discard() > 0 ? discarded : "");
    }

    private static String number(double value) {
        return new BigDecimal(value)
                .round(new MathContext(4))
                .stripTrailingZeros()
                .toPlainString();
    }

    private Map<String, Object> result(
            ExplainMethod method, int image, HeatMap heat, Optional<String> classLabel, OptionalInt head, String file) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("method", method.cliName());
        result.put("image", request.images().get(image).toString());
        result.put("layer", heat.layer());
        if (method == ExplainMethod.ATTENTION) request.head().ifPresent(index -> result.put("head", index));
        head.ifPresent(index -> result.put("head", index));
        classLabel.ifPresent(label -> result.put("class", label));
        result.put("grid", List.of(heat.values().length, heat.values()[0].length));
        result.put("largest", heat.max());
        result.put("scale_top", heat.scaleTop(request.percentile()));
        if (heat.grid().grid() <= MAX_JSON_CELLS) result.put("values", heat.values());
        result.put("file", request.directory().resolve(file).toString());
        return result;
    }

    /** Finds a class by name, then by index from 0. */
    private int classIndex(String name) {
        List<String> classes = model.description().classes();
        int named = UnicodeNames.indexOf(classes, name);
        if (named >= 0) return named;
        if (name.matches("\\d{1,9}") && Integer.parseInt(name) < classes.size()) return Integer.parseInt(name);
        throw new ConfigError("--class " + name + ": unknown class; the model has " + classes.size() + " classes, from "
                + classes.get(0) + " to " + classes.get(classes.size() - 1));
    }

    /** Returns the most probable classes of each image. */
    List<Map<String, Object>> predictions() {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            all.add(Map.of("image", request.images().get(i).toString(), "classes", predictions.get(i)));
        }
        return all;
    }

    /** Returns the section of the page with one row per image; empty if no method was applied to images. */
    Optional<ImagePage.PageSection> section() {
        if (applied.isEmpty()) return Optional.empty();
        List<ImagePage.ImageRow> rows = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            List<ImagePage.PredictionBar> bars = predictions.get(i).stream()
                    .map(p -> new ImagePage.PredictionBar(p.label(), p.probability()))
                    .toList();
            byte[] png = PngEncoder.encode(HeatMap.image(explainer.view(images.get(i))));
            rows.add(new ImagePage.ImageRow(names.get(i), png, bars, figures.get(i), heads.get(i)));
        }
        Map<String, String> methods = new LinkedHashMap<>();
        applied.forEach(method -> methods.put(method.title(), method.note() + layer(method)));
        return Optional.of(ImagePage.PageSection.rows("Images", methods, key(), rows));
    }

    /** The captions of single heads are too narrow for the name of their layer, which is the same for all. */
    private String layer(ExplainMethod method) {
        return method == ExplainMethod.HEADS ? " Layer: " + attentionLayer() + "." : "";
    }

    private ImagePage.ColorKey key() {
        double percentile = request.percentile();
        String top = percentile == 100 ? "largest value" : "percentile " + number(percentile) + " and above";
        return new ImagePage.ColorKey(
                ColorScale.stops(),
                "0",
                top,
                "Each map has its own scale, which its caption states, so colors cannot be compared between maps. Lower"
                        + " values are more transparent.");
    }
}
