package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Backend;
import org.vit4j.config.ConfigError;
import org.vit4j.data.BatchSource;
import org.vit4j.data.DataLoader;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.metrics.MultiLabelAccuracy;
import org.vit4j.metrics.RealLabels;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.report.ModelSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        description = "Computes loss, accuracy, calibration and confusion matrix on labeled images. Several models are"
                + " compared in a table.",
        footer = {
            "",
            "For a config, set data.max_pixels instead of --max-pixels.",
            "Columns of the files and examples: docs/evaluation.md."
        })
final class EvalCommand implements Callable<Integer> {
    /** Cause of outputs that are NaN or infinite. */
    static final String NOT_FINITE = "its weights are damaged, or the training that wrote them diverged";

    @Parameters(arity = "1..*", paramLabel = "MODEL", description = ".keras files written by vit4j.")
    private List<Path> files;

    @Mixin
    private EvalData data;

    @Option(
            names = "--real-labels",
            paramLabel = "FILE",
            description =
                    "JSON list of the class indices of each image (real.json of ImageNet-ReaL). Images are matched"
                            + " by the number in names such as ILSVRC2012_val_00000001.JPEG, others by position.")
    private Optional<Path> realLabels = Optional.empty();

    @Option(
            names = "--threshold",
            paramLabel = "P",
            defaultValue = "0.5",
            description = "Probability above which a class is predicted, with several labels per image (default:"
                    + " ${DEFAULT-VALUE}).")
    private double threshold;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "64",
            description = "Images per batch (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Mixin
    private WorkersOption workers;

    @Mixin
    private PreprocessingOption preprocessing;

    @Mixin
    private EvalOutputs outputs;

    @Mixin
    private OnCorruptOption onCorrupt;

    @Mixin
    private BackendOptions execution;

    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (batch < 1) throw new ConfigError("--batch " + batch + ": expected at least 1");
        if (!(threshold > 0 && threshold < 1))
            throw new ConfigError("--threshold " + threshold + ": expected a probability above 0 and below 1");
        boolean failOnCorrupt = onCorrupt.fails();
        int threads = workers.count();
        Backend backend = execution.backend();
        outputs.check(files.size(), multiLabel());
        List<ModelEvaluation> results = new ArrayList<>();
        for (Path file : files) results.add(evaluate(file, backend, failOnCorrupt, threads));
        outputs.write(results);
        PrintWriter out = spec.commandLine().getOut();
        if (json.requested()) EvalPrinter.json(out, results);
        else EvalPrinter.text(out, results);
        out.flush();
        return exitCode(results.get(results.size() - 1).unreadable());
    }

    /**
     * Returns true if the models have several labels per image.
     *
     * @throws ConfigError if only some have
     */
    private boolean multiLabel() {
        List<Path> several = files.stream()
                .filter(file -> SavedModel.describe(file).multiLabel())
                .toList();
        if (several.isEmpty()) return false;
        if (realLabels.isPresent())
            throw new ConfigError("eval: --real-labels is for models of one label per image, unlike " + several.get(0));
        if (several.size() == files.size()) return true;
        throw new ConfigError("eval: " + several.get(0) + " has several labels per image and other models have one;"
                + " evaluate them separately");
    }

    private ModelEvaluation evaluate(Path file, Backend backend, boolean failOnCorrupt, int threads) {
        List<String> unreadable = Collections.synchronizedList(new ArrayList<>());
        try (EvaluatedModel model = EvaluatedModel.open(file, preprocessing, backend)) {
            ModelDescription description = model.description();
            Optional<ClassSubset> subset = data.subset(description);
            List<String> classes =
                    subset.map(some -> some.names(description.classes())).orElse(description.classes());
            Dataset images = data.open(description, subset);
            Optional<MultiLabelAccuracy> real = real(images, classes.size(), subset.isPresent());
            DataLoader all = new DataLoader(
                    images, AugmentConfig.NONE, description.preprocess(), batch, false, false, 0, threads);
            DataLoader batches = failOnCorrupt ? all : all.withoutUnreadable(e -> report(unreadable, e));
            EvalMetrics metrics;
            try (var progress = new BatchProgress(spec.commandLine().getErr(), file.toString(), images.size(), true)) {
                UnaryOperator<INDArray> network = network(model, subset);
                BatchSource reported = new ReportedBatches(batches, progress);
                metrics = description.multiLabel()
                        ? EvalMetrics.multiLabel(network, reported, classes, images, threshold)
                        : EvalMetrics.oneLabel(network, reported, classes, real);
            }
            if (metrics.scores().count() == 0) throw new ConfigError(data.name() + ": no image can be read");
            if (!Double.isFinite(metrics.scores().loss()))
                spec.commandLine()
                        .getErr()
                        .println("vit4j: " + file + ": the loss is "
                                + metrics.scores().loss() + "; " + NOT_FINITE);
            return new ModelEvaluation(
                    file.toString(),
                    classes,
                    description.preprocess(),
                    ModelSummary.of(description.name(), description.model()).parameters(),
                    metrics.scores(),
                    metrics.calibration(),
                    metrics.real(),
                    metrics.averages(),
                    unreadable.size());
        }
    }

    private static UnaryOperator<INDArray> network(EvaluatedModel model, Optional<ClassSubset> subset) {
        if (subset.isEmpty()) return model.inference()::logits;
        return images -> {
            try (INDArray logits = model.inference().logits(images)) {
                return subset.get().select(logits);
            }
        };
    }

    private Optional<MultiLabelAccuracy> real(Dataset images, int classes, boolean subset) {
        if (realLabels.isPresent() && subset)
            throw new ConfigError("eval: --real-labels requires all classes; remove --valid-labels");
        return realLabels.map(file -> {
            List<String> names =
                    IntStream.range(0, images.size()).mapToObj(images::name).toList();
            return new MultiLabelAccuracy(RealLabels.read(file, classes).of(names));
        });
    }

    private void report(List<String> unreadable, ConfigError problem) {
        unreadable.add(problem.getMessage());
        spec.commandLine().getErr().println("vit4j: " + problem.getMessage());
    }

    private int exitCode(int unreadable) {
        if (unreadable == 0) return CommandLineProgram.SUCCESS;
        spec.commandLine()
                .getErr()
                .println("vit4j: " + unreadable
                        + (unreadable == 1
                                ? " image cannot be read and is not in these results"
                                : " images cannot be read and are not in these results"));
        return CommandLineProgram.FAILURE;
    }
}
