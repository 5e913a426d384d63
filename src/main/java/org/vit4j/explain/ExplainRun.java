package org.vit4j.explain;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.SameFile;
import org.vit4j.model.SavedModel;
import org.vit4j.report.ImagePage;

/**
 * Applies explanation methods to images and writes PNG, CSV and .npy files and a page {@code explain.html} with all
 * results.
 */
public final class ExplainRun {
    private final SavedModel model;
    private final Explainer explainer;
    private final ExplainRequest request;
    private final List<Image> images; // resized
    private final List<ImagePage.PageSection> sections = new ArrayList<>();
    private final List<Map<String, Object>> results = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /**
     * Images, methods and options.
     *
     * @param layer a tensor or attention layer, for the methods that explain one layer
     * @param head attention head, from 0
     * @param rollout options of attention rollout; its head fusion also applies to attention
     * @param targetClass class to explain, by name or index; the predicted class if empty
     * @param percentile of the values of a map at the top of the color scale, in (0, 100]
     * @param directory output directory
     * @param maxPixels larger images are refused
     */
    public record ExplainRequest(
            List<Path> images,
            List<ExplainMethod> methods,
            Optional<String> layer,
            OptionalInt head,
            RolloutOptions rollout,
            Optional<String> targetClass,
            double percentile,
            Path directory,
            long maxPixels) {
        private ExplainRequest withImages(List<Path> readable) {
            return new ExplainRequest(
                    readable, methods, layer, head, rollout, targetClass, percentile, directory, maxPixels);
        }

        public ExplainRequest {
            images = List.copyOf(images);
            methods = List.copyOf(methods);
            if (!(percentile > 0 && percentile <= 100)) {
                throw new ConfigError(
                        "percentile " + percentile + ": out of range; expected more than 0 and at most 100");
            }
        }
    }

    /**
     * Results of a run.
     *
     * @param predictions most probable classes of each image
     * @param results one entry for each image and method (and head), or for each method that summarizes all images
     * @param notes one line for each method that does not apply to the network
     */
    public record ExplainOutcome(
            Path page, List<Map<String, Object>> predictions, List<Map<String, Object>> results, List<String> notes) {}

    private ExplainRun(SavedModel model, Explainer explainer, ExplainRequest request, List<Image> images) {
        this.model = model;
        this.explainer = explainer;
        this.request = request;
        this.images = images;
    }

    /**
     * Computes and writes all explanations.
     *
     * @throws ConfigError if a layer, head or class does not exist, or the only method does not apply to the network
     */
    public static ExplainOutcome write(SavedModel model, ExplainRequest request) {
        return write(model, request, problem -> {
            throw problem;
        });
    }

    /**
     * Like {@link #write(SavedModel, ExplainRequest)}, but leaves out images that cannot be read.
     *
     * @param unreadable receives a problem for each of them
     * @throws ConfigError also if no image can be read
     */
    public static ExplainOutcome write(SavedModel model, ExplainRequest request, Consumer<ConfigError> unreadable) {
        try (Explainer explainer = Explainer.of(model)) {
            int channels = model.description().model().image().channels();
            List<Image> images = new ArrayList<>();
            List<Path> readable = new ArrayList<>();
            for (Path file : request.images) {
                try {
                    // Resized at once: the original photographs together would exceed the heap.
                    images.add(explainer.view(ImageFile.read(file, channels, request.maxPixels)));
                    readable.add(file);
                } catch (ConfigError e) {
                    unreadable.accept(e);
                }
            }
            if (readable.isEmpty()) throw new ConfigError("explain: no image can be read");
            return new ExplainRun(model, explainer, request.withImages(readable), images).write();
        }
    }

    private ExplainOutcome write() {
        List<String> names = new ArrayList<>();
        for (Path file : request.images) names.add(uniqueName(file, names));
        checkKeepsImages(names);
        ImageExplanations explained = new ImageExplanations(model, explainer, request, images, names);
        LayerTables tables = new LayerTables(explainer, request, images, names);
        for (ExplainMethod method : request.methods) {
            try {
                apply(method, explained, tables);
            } catch (ConfigError e) {
                if (request.methods.size() == 1) throw e;
                notes.add(method.cliName() + ": " + e.getMessage());
                sections.add(ImagePage.PageSection.note(method.title(), e.getMessage()));
            }
        }
        explained.section().ifPresent(section -> sections.add(0, section));
        Path page = request.directory.resolve("explain.html");
        String title = "Explanations of " + model.description().name();
        String count = images.size() + (images.size() == 1 ? " image" : " images");
        AtomicFiles.write(page, new ImagePage(title, count, sections).html());
        return new ExplainOutcome(page, explained.predictions(), results, notes);
    }

    /** Checks that no image has the name of a file to write, such as one that an earlier run wrote into its directory. */
    private void checkKeepsImages(List<String> names) {
        for (Path image : request.images) {
            Path directory = image.toAbsolutePath().getParent();
            String fileName = image.getFileName().toString();
            for (String name : names)
                for (ExplainMethod method : request.methods)
                    if (fileName.startsWith(name + "-" + method.cliName())
                            && fileName.endsWith(".png")
                            && isDirectory(directory))
                        throw new ConfigError(
                                image + ": has a name of a file to write, and would be overwritten; choose"
                                        + " another directory with -o");
        }
    }

    private boolean isDirectory(Path directory) {
        try {
            return SameFile.test(directory, request.directory);
        } catch (IOException e) {
            throw new ConfigError(directory + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    private void apply(ExplainMethod method, ImageExplanations explained, LayerTables tables) {
        switch (method) {
            case GRADCAM, ROLLOUT, ATTENTION, HEADS, SALIENCY -> results.addAll(explained.add(method));
            case DISTANCE -> sections.add(tables.distance(results));
            case SIMILARITY -> sections.add(tables.similarity(results));
            case FEATURES -> sections.add(tables.features(results));
        }
    }

    /** Returns the file name without its extension, with a number appended if the name is taken. */
    private static String uniqueName(Path file, List<String> names) {
        String fileName = file.getFileName().toString();
        int dot = fileName.lastIndexOf('.');
        String stem = dot > 0 ? fileName.substring(0, dot) : fileName;
        String name = stem;
        for (int i = 2; names.contains(name); i++) name = stem + "-" + i;
        return name;
    }
}
