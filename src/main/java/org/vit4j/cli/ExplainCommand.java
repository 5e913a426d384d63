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
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.ImageFormats;
import org.vit4j.explain.ExplainMethod;
import org.vit4j.explain.ExplainRun;
import org.vit4j.model.SavedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = "Shows what a model looks at: pictures, tables and a page in a directory.")
final class ExplainCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "A .keras file of vit4j.")
    private Path file;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "IMAGE|DIR",
            description = "Images, or directories of images.")
    private List<Path> pictures;

    @Option(
            names = "--method",
            split = ",",
            paramLabel = "METHOD",
            description = "${COMPLETION-CANDIDATES}, in lower case; several with commas. Default: gradcam.")
    private List<ExplainMethod> methods = List.of(ExplainMethod.GRADCAM);

    @Option(
            names = "--layer",
            paramLabel = "NAME",
            description = "A tensor of the summary: the layer of gradcam, attention and features. The last that counts"
                    + " when left out.")
    private Optional<String> layer = Optional.empty();

    @Option(names = "--head", paramLabel = "N", description = "A head of attention, from 0; their mean when left out.")
    private Optional<Integer> head = Optional.empty();

    @Option(
            names = "--class",
            paramLabel = "CLASS",
            description = "Name or index, for gradcam and saliency; the likeliest when left out.")
    private Optional<String> of = Optional.empty();

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "DIR",
            description = "Where explain.html, pictures and tables go.")
    private Path directory;

    @Option(
            names = "--max-pixels",
            paramLabel = "N",
            defaultValue = "" + ImageFormats.DEFAULT_PIXEL_LIMIT,
            description = "Larger images are refused (${DEFAULT-VALUE}).")
    private long maxPixels;

    @Option(names = "--json", description = "Machine output.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw new ConfigError("-o " + directory + ": is a file; expected a directory");
        }
        // Java's drawing must not look for a screen.
        System.setProperty("java.awt.headless", "true");
        OptionalInt chosen = head.map(OptionalInt::of).orElse(OptionalInt.empty());
        List<Path> images = ImageArguments.files(
                pictures, note -> spec.commandLine().getErr().println("vit4j: " + note));
        var request = new ExplainRun.ExplainRequest(images, methods, layer, chosen, of, directory, maxPixels);
        try (SavedModel model = SavedModel.load(file)) {
            print(ExplainRun.write(model, request));
        }
        return CommandLineProgram.DONE;
    }

    private void print(ExplainRun.ExplainOutcome outcome) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("page", outcome.page().toString());
            answer.put("results", outcome.results());
            answer.put("notes", outcome.notes());
            out.println(Json.text(answer));
            return;
        }
        outcome.notes().forEach(note -> spec.commandLine().getErr().println("vit4j: " + note));
        for (Map<String, Object> result : outcome.results()) {
            out.println(result.get("method") + "  " + result.getOrDefault("layer", "") + "  " + result.get("file"));
        }
        out.println("page: " + outcome.page());
    }
}
