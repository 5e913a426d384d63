package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigCatalog;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;
import org.vit4j.config.UserPath;
import org.vit4j.data.DataLoader;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.FolderReader;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.data.datasets.LocalDirectories;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.datasets.RelabeledDataset;
import org.vit4j.data.datasets.TextLines;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.metrics.Evaluator;
import org.vit4j.metrics.Scores;
import org.vit4j.model.SavedModel;
import org.vit4j.run.RunConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        description = "Computes loss, accuracy and confusion matrix on labeled images.",
        footer = {"", "For a config, set data.max_pixels instead of --max-pixels."})
final class EvalCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", description = "A .keras file written by vit4j.")
    private Path file;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "CONFIG|PATH",
            description = "A config, to evaluate its validation images, or a directory that contains one directory per"
                    + " class, directly"
                    + " or in val, validation, valid or test.")
    private String data;

    @Mixin
    private OverrideOption overrides;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "64",
            description = "Images per batch (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--class-map",
            paramLabel = "FILE",
            description = "Text file with the names of the class directories, one per line, in the order of the model's"
                    + " classes"
                    + " (timm's format).")
    private Optional<Path> classMap = Optional.empty();

    @Mixin
    private OnCorruptOption onCorrupt;

    @Mixin
    private MaxPixelsOption maxPixels;

    @Mixin
    private PrecisionOption precision;

    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (batch < 1) throw new ConfigError("--batch " + batch + ": expected at least 1");
        boolean failOnCorrupt = onCorrupt.fails();
        List<String> directories = classMap.map(TextLines::distinct).orElse(List.of());
        List<String> unreadable = Collections.synchronizedList(new ArrayList<>());
        try (SavedModel model = SavedModel.load(file, precision.backend())) {
            List<String> classes = model.description().classes();
            Dataset dataset = dataset(model, directories);
            int threads = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);
            DataLoader all = new DataLoader(
                    dataset, AugmentConfig.NONE, model.description().preprocess(), batch, false, false, 0, threads);
            DataLoader batches = failOnCorrupt ? all : all.withoutUnreadable(e -> report(unreadable, e));
            Scores scores = Evaluator.evaluate(model.inference(), batches, classes);
            if (scores.count() == 0) throw new ConfigError(data + ": no image can be read");
            PrintWriter out = spec.commandLine().getOut();
            if (json.requested()) out.println(Json.text(jsonFields(scores, classes, unreadable)));
            else print(out, scores);
            out.flush();
        }
        if (unreadable.isEmpty()) return CommandLineProgram.SUCCESS;
        spec.commandLine()
                .getErr()
                .println("vit4j: " + unreadable.size()
                        + (unreadable.size() == 1
                                ? " image cannot be read and is not in these results"
                                : " images cannot be read and are not in these results"));
        return CommandLineProgram.FAILURE;
    }

    private void report(List<String> unreadable, ConfigError problem) {
        unreadable.add(problem.getMessage());
        spec.commandLine().getErr().println("vit4j: " + problem.getMessage());
    }

    private Dataset dataset(SavedModel model, List<String> directories) {
        List<String> classes = model.description().classes();
        Path path = UserPath.of(data);
        if (Files.isDirectory(path)) {
            int channels = model.description().model().image().channels();
            FolderReader reader = new FolderReader(new LocalDirectories(), directories);
            return new ImageFolder(
                    reader.evaluationFiles(path.toString(), classes), channels, OnCorrupt.FAIL, maxPixels.limit());
        }
        if (!Files.exists(path) && !Config.exists(data)) {
            throw new ConfigError("--data " + data + ": does not exist; expected a directory with one directory per"
                    + " class, a YAML file, or the name of a packaged config"
                    + Suggestions.hint(data, ConfigCatalog.names()));
        }
        Dataset validation = RunConfig.open(data, overrides.values())
                .data()
                .open(OnCorrupt.FAIL)
                .validation();
        return new RelabeledDataset(data, validation, classes, directories);
    }

    private static Map<String, Object> jsonFields(Scores scores, List<String> classes, List<String> unreadable) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("loss", scores.loss());
        fields.put("top1", scores.top1());
        fields.put("top5", scores.top5());
        fields.put("count", scores.count());
        fields.put("unreadable", unreadable.size());
        fields.put("per_class", scores.classes());
        fields.put("labels", classes);
        fields.put("confusion", scores.confusion());
        return fields;
    }

    private static void print(PrintWriter out, Scores s) {
        out.printf(
                Locale.ROOT,
                "images %d   loss %.4f   top-1 %.2f%%   top-5 %.2f%%%n",
                s.count(),
                s.loss(),
                100 * s.top1(),
                100 * s.top5());
        out.printf(Locale.ROOT, "%n%-24s %8s %10s %8s %8s%n", "class", "images", "precision", "recall", "f1");
        for (Scores.ClassScore c : s.classes()) {
            out.printf(
                    Locale.ROOT,
                    "%-24s %8d %10.4f %8.4f %8.4f%n",
                    c.name(),
                    c.count(),
                    c.precision(),
                    c.recall(),
                    c.f1());
        }
        if (s.confusion().length > 20) return;
        out.printf(Locale.ROOT, "%nconfusion matrix, one row per actual class:%n");
        for (int i = 0; i < s.confusion().length; i++) {
            out.printf(Locale.ROOT, "%-24s", s.classes().get(i).name());
            for (long n : s.confusion()[i]) out.printf(Locale.ROOT, " %5d", n);
            out.println();
        }
    }
}
