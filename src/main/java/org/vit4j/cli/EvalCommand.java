package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;
import org.vit4j.data.AugmentConfig;
import org.vit4j.data.DataLoader;
import org.vit4j.data.Dataset;
import org.vit4j.data.ImageFolder;
import org.vit4j.data.OnCorrupt;
import org.vit4j.metrics.Evaluator;
import org.vit4j.metrics.Scores;
import org.vit4j.model.SavedModel;
import org.vit4j.train.RunConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        description = "Loss, accuracy and confusion on labelled images.")
final class EvalCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", description = "A .keras file of vit4j.")
    private Path file;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "CONFIG|PATH",
            description =
                    "A config, whose validation images are taken, or a directory with a directory for each class.")
    private String data;

    @Option(names = "--set", paramLabel = "path=value", description = "Override a value of the config.")
    private List<String> overrides = List.of();

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "64",
            description = "Images at once (${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--json", description = "Machine output.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (batch < 1) throw new ConfigError("--batch " + batch + ": expected at least 1");
        try (SavedModel model = SavedModel.load(file)) {
            Dataset dataset = dataset(model);
            List<String> classes = model.description().classes();
            if (!dataset.classes().equals(classes)) {
                throw new ConfigError(
                        data + ": its classes " + shown(dataset.classes()) + " are not the model's " + shown(classes));
            }
            int threads = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);
            DataLoader batches = new DataLoader(
                    dataset, AugmentConfig.NONE, model.description().preprocess(), batch, false, false, 0, threads);
            Scores scores = Evaluator.evaluate(model.inference(), batches, classes);
            PrintWriter out = spec.commandLine().getOut();
            if (json) out.println(Json.text(machine(scores, classes)));
            else print(out, scores);
            out.flush();
        }
        return CommandLineProgram.DONE;
    }

    private Dataset dataset(SavedModel model) {
        Path path = Path.of(data);
        if (Files.isDirectory(path)) {
            Path root = Stream.of("val", "validation", "test")
                    .map(path::resolve)
                    .filter(Files::isDirectory)
                    .findFirst()
                    .orElse(path);
            int channels = model.description().model().image().channels();
            return new ImageFolder(root, ImageFolder.classNames(root), channels, OnCorrupt.FAIL);
        }
        return RunConfig.open(data, overrides).data().open().validation();
    }

    private static String shown(List<String> classes) {
        return classes.size() <= 12 ? classes.toString() : classes.subList(0, 12) + "... (" + classes.size() + ")";
    }

    private static Map<String, Object> machine(Scores scores, List<String> classes) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("loss", scores.loss());
        all.put("top1", scores.top1());
        all.put("top5", scores.top5());
        all.put("count", scores.count());
        all.put("per_class", scores.classes());
        all.put("labels", classes);
        all.put("confusion", scores.confusion());
        return all;
    }

    private static void print(PrintWriter out, Scores s) {
        out.printf(
                Locale.ROOT,
                "images %d   loss %.4f   top-1 %.2f%%   top-5 %.2f%%%n",
                s.count(),
                s.loss(),
                100 * s.top1(),
                100 * s.top5());
        out.printf("%n%-24s %8s %10s %8s %8s%n", "class", "images", "precision", "recall", "f1");
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
        out.printf("%nconfusion, a row each actual class:%n");
        for (int i = 0; i < s.confusion().length; i++) {
            out.printf("%-24s", s.classes().get(i).name());
            for (long n : s.confusion()[i]) out.printf(" %5d", n);
            out.println();
        }
    }
}
