package org.vit4j.cli;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.vit4j.backend.Backend;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.image.ImageFile;
import org.vit4j.io.AtomicFiles;
import org.vit4j.machine.NativeLibraries;
import org.vit4j.model.SavedModel;
import org.vit4j.model.TestTimeAugmentation;
import org.vit4j.run.DistributedBackend;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "predict",
        mixinStandardHelpOptions = true,
        description = "Classifies images.",
        footer = {"", "Columns of the files and examples: docs/evaluation.md."})
final class PredictCommand implements Callable<Integer> {
    private static final List<String> LOCAL_OPTIONS =
            List.of("--top", "--batch", "--workers", "--max-pixels", "--json");

    @Mixin
    private PredictInputs inputs;

    @Option(
            names = "--top",
            paramLabel = "K",
            defaultValue = "5",
            description = "Predictions per image (default: ${DEFAULT-VALUE}).")
    private int top;

    @Option(
            names = "--threshold",
            paramLabel = "P",
            description = "List all classes with a probability above P as the labels of an image, for models of several"
                    + " labels per image.")
    private Optional<Double> threshold = Optional.empty();

    @Option(names = "--logits", description = "Also write the logits.")
    private boolean logits;

    @Option(
            names = "--features",
            description = "Also write the features: the input of the classifier (the mean of both with a distillation"
                    + " head).")
    private boolean features;

    @Option(
            names = "--tta",
            paramLabel = "flip|five-crop",
            description = "Test-time augmentation: averages the probabilities of the center crop and its mirror image,"
                    + " or of the corners and the center of the resized image.")
    private Optional<String> tta = Optional.empty();

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "32",
            description = "Images, or views of them with --tta, per forward pass (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Mixin
    private WorkersOption workers;

    @Option(
            names = "--spark",
            arity = "0..1",
            paramLabel = "MASTER",
            fallbackValue = "",
            description = "Predict on a Spark cluster and write a Parquet table to -o. Images and directories may be on"
                    + " any file"
                    + " system that Spark reads. Without MASTER, use the master of spark-submit.")
    private Optional<String> spark = Optional.empty();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "OUT",
            description = "Write one row per image to a .csv, .jsonl or .parquet file instead of printing them. With"
                    + " --spark: the Parquet table to write.")
    private Optional<String> table = Optional.empty();

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
        if (top < 1) throw new ConfigError("--top " + top + ": expected at least 1");
        if (batch < 1) throw new ConfigError("--batch " + batch + ": expected at least 1");
        if (spark.isPresent() && table.isEmpty()) throw new ConfigError("predict: --spark MASTER requires -o OUT");
        OptionalDouble above = threshold();
        boolean failOnCorrupt = onCorrupt.fails();
        Backend backend = execution.backend();
        if (spark.isPresent()) {
            if (!execution.areDefaults())
                throw new ConfigError(
                        "predict: --spark computes in fp32 on CPUs; remove --precision, --backend, --device");
            return onSpark(failOnCorrupt);
        }
        var options = new ImagePredictor.PredictOptions(
                top, above, logits, features, augmentation(), batch, workers.count(), maxPixels.limit());
        Optional<Path> written = table.map(UserPath::of);
        written.ifPresent(PredictionTable::check);
        if (written.isPresent() && json.requested())
            throw new ConfigError("predict: --json prints and -o writes a file; remove one of them");
        PrintWriter err = spec.commandLine().getErr();
        List<PredictInput> found = inputs.find(note -> err.println("vit4j: " + note));
        UnreadableInputs unreadable = new UnreadableInputs(err, failOnCorrupt);
        NativeLibraries.loadInBackground(ImageFile::loadDecoder);
        try (SavedModel model = SavedModel.load(inputs.model(), backend)) {
            if (written.isPresent()) write(model, options, found, unreadable, written.get());
            else print(model, options, found, unreadable);
        }
        return unreadable.exitCode(found.size());
    }

    private OptionalDouble threshold() {
        if (threshold.isEmpty()) return OptionalDouble.empty();
        double p = threshold.get();
        if (!(p >= 0 && p < 1)) throw new ConfigError("--threshold " + p + ": expected at least 0 and below 1");
        return OptionalDouble.of(p);
    }

    private TestTimeAugmentation augmentation() {
        TestTimeAugmentation found = switch (tta.orElse("")) {
            case "" -> TestTimeAugmentation.NONE;
            case "flip" -> TestTimeAugmentation.FLIP;
            case "five-crop" -> TestTimeAugmentation.FIVE_CROP;
            default -> throw new ConfigError("--tta " + tta.get() + ": expected flip or five-crop");
        };
        if (logits && found != TestTimeAugmentation.NONE)
            throw new ConfigError("predict: --tta averages probabilities, which have no logits; remove --logits");
        return found;
    }

    private void print(
            SavedModel model,
            ImagePredictor.PredictOptions options,
            List<PredictInput> inputs,
            UnreadableInputs unreadable) {
        try (var progress = new BatchProgress(spec.commandLine().getErr(), "predict", inputs.size(), false);
                var printer = new PredictionPrinter(spec.commandLine().getOut(), json.requested())) {
            reportNotFinite(new ImagePredictor(model, options, printer, progress).predict(inputs, unreadable));
        }
    }

    private void reportNotFinite(int count) {
        if (count == 0) return;
        spec.commandLine()
                .getErr()
                .println("vit4j: " + inputs.model() + ": logits of " + count + (count == 1 ? " input" : " inputs")
                        + " are NaN or infinite; " + EvalCommand.NOT_FINITE);
    }

    private void write(
            SavedModel model,
            ImagePredictor.PredictOptions options,
            List<PredictInput> inputs,
            UnreadableInputs unreadable,
            Path to) {
        AtomicInteger notFinite = new AtomicInteger();
        AtomicFiles.write(to, temporary -> {
            try (var progress = new BatchProgress(spec.commandLine().getErr(), "predict", inputs.size(), true);
                    var writer = PredictionTable.open(to, temporary)) {
                notFinite.set(new ImagePredictor(model, options, writer, progress).predict(inputs, unreadable));
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        });
        reportNotFinite(notFinite.get());
        int written = inputs.size() - unreadable.count();
        spec.commandLine().getOut().println(written + (written == 1 ? " input: " : " inputs: ") + to);
        spec.commandLine().getOut().flush();
    }

    private int onSpark(boolean failOnCorrupt) {
        if (tta.isPresent() || features || threshold.isPresent())
            throw new ConfigError("predict: --spark does not support --tta, --features and --threshold; remove them");
        for (String option : LOCAL_OPTIONS)
            if (spec.commandLine().getParseResult().hasMatchedOption(option))
                throw new ConfigError("predict: --spark does not support " + option + "; remove it");
        List<String> images = inputs.remote();
        DistributedBackend.PredictionSummary predicted = DistributedBackend.find()
                .predict(spark.orElseThrow(), inputs.model(), images, table.orElseThrow(), failOnCorrupt);
        predicted.unreadable().forEach(line -> spec.commandLine().getErr().println("vit4j: " + line));
        spec.commandLine().getOut().println(predicted.images() + " images: " + table.orElseThrow());
        spec.commandLine().getOut().flush();
        return predicted.unreadable().isEmpty() ? CommandLineProgram.SUCCESS : CommandLineProgram.FAILURE;
    }
}
