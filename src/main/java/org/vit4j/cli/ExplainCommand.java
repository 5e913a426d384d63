package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.vit4j.backend.Backend;
import org.vit4j.config.ConfigError;
import org.vit4j.explain.ExplainMethod;
import org.vit4j.explain.ExplainRun;
import org.vit4j.explain.HeadFusion;
import org.vit4j.explain.HeatMap;
import org.vit4j.explain.RolloutOptions;
import org.vit4j.model.SavedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = "Shows which image regions a model uses: heat maps, tables and an HTML page.")
final class ExplainCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "A .keras file written by vit4j.")
    private Path file;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "IMAGE|DIR",
            description = "Image files, or directories of images.")
    private List<Path> inputs;

    @Option(
            names = "--method",
            split = ",",
            paramLabel = "METHOD",
            description =
                    "gradcam, rollout, attention, heads, saliency, distance, similarity or features; comma-separated for"
                            + " several"
                            + " (default: gradcam).")
    private List<ExplainMethod> methods = List.of(ExplainMethod.GRADCAM);

    @Option(
            names = "--layer",
            paramLabel = "NAME",
            description =
                    "Tensor for gradcam, attention, heads and features, by its name in the summary (default: the last one that"
                            + " affects the output).")
    private Optional<String> layer = Optional.empty();

    @Option(
            names = "--head",
            paramLabel = "N",
            description = "Attention head for attention, from 0 (default: all, see --head-fusion).")
    private Optional<Integer> head = Optional.empty();

    @Option(
            names = "--head-fusion",
            paramLabel = "FUSION",
            description = "Combination of the heads in rollout and attention: mean, max or min (default: mean).")
    private HeadFusion fusion = HeadFusion.MEAN;

    @Option(
            names = "--discard",
            paramLabel = "RATIO",
            description =
                    "Fraction of the smallest attention values of each layer that rollout sets to 0, from 0 to below"
                            + " 1 (default: 0).")
    private double discard;

    @Option(
            names = "--percentile",
            paramLabel = "P",
            description =
                    "Percentile of the values of a heat map at the top of its color scale; 100 is the largest value"
                            + " (default: 98).")
    private double percentile = HeatMap.PERCENTILE;

    @Option(
            names = "--class",
            paramLabel = "CLASS",
            description = "Class name or index for gradcam and saliency (default: the most probable class).")
    private Optional<String> target = Optional.empty();

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "DIR",
            description = "Directory for explain.html, images and tables.")
    private Path directory;

    @Mixin
    private OnCorruptOption onCorrupt;

    @Mixin
    private MaxPixelsOption maxPixels;

    @Mixin
    private BackendOptions execution;

    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw new ConfigError("-o " + directory + ": is a file; expected a directory");
        }
        Backend backend = execution.backend();
        // Java's 2D drawing must not connect to a display.
        System.setProperty("java.awt.headless", "true");
        OptionalInt headIndex = head.map(OptionalInt::of).orElse(OptionalInt.empty());
        RolloutOptions rollout = new RolloutOptions(fusion, discard);
        List<Path> images =
                ImageArguments.files(inputs, note -> spec.commandLine().getErr().println("vit4j: " + note));
        var request = new ExplainRun.ExplainRequest(
                images, methods, layer, headIndex, rollout, target, percentile, directory, maxPixels.limit());
        UnreadableInputs unreadable = new UnreadableInputs(spec.commandLine().getErr(), onCorrupt.fails());
        try (SavedModel model = SavedModel.load(file, backend)) {
            print(ExplainRun.write(model, request, problem -> unreadable.add(problem, () -> {})));
        }
        return unreadable.exitCode(images.size());
    }

    private void print(ExplainRun.ExplainOutcome outcome) {
        PrintWriter out = spec.commandLine().getOut();
        if (json.requested()) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("page", outcome.page().toString());
            fields.put("predictions", outcome.predictions());
            fields.put("results", outcome.results());
            fields.put("notes", outcome.notes());
            out.println(Json.text(fields));
            return;
        }
        outcome.notes().forEach(note -> spec.commandLine().getErr().println("vit4j: " + note));
        for (Map<String, Object> result : outcome.results()) {
            out.println(result.get("method") + "  " + result.getOrDefault("layer", "") + "  " + result.get("file"));
        }
        out.println("page: " + outcome.page());
    }
}
