package org.vit4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.Csv;
import org.vit4j.metrics.Scores;
import picocli.CommandLine.Option;

/** Options of {@code eval} that write files. */
final class EvalOutputs {
    @Option(
            names = "--results",
            paramLabel = "FILE",
            description =
                    "CSV file with one row per model and the columns of timm's validate.py, the best model first.")
    private Optional<Path> results = Optional.empty();

    @Option(
            names = "--per-class",
            paramLabel = "FILE",
            description =
                    "CSV file with images, precision, recall and F1 of each class, with several labels per image also"
                            + " average precision. One model only.")
    private Optional<Path> perClass = Optional.empty();

    @Option(
            names = "--confusion",
            paramLabel = "FILE",
            description = "CSV file with the confusion matrix, one row per actual class. One model only.")
    private Optional<Path> confusion = Optional.empty();

    @Option(
            names = "--reliability",
            paramLabel = "FILE",
            description = "SVG file with the reliability diagram: accuracy by confidence. One model only.")
    private Optional<Path> reliability = Optional.empty();

    /**
     * Checks the options.
     *
     * @param multiLabel true for models of several labels per image
     * @throws ConfigError if files for one model are requested for several, or files that such models do not have
     */
    void check(int models, boolean multiLabel) {
        boolean forOne = Stream.of(perClass, confusion, reliability).anyMatch(Optional::isPresent);
        if (models > 1 && forOne)
            throw new ConfigError("eval: --per-class, --confusion and --reliability require a single model");
        if (multiLabel && (confusion.isPresent() || reliability.isPresent()))
            throw new ConfigError("eval: --confusion and --reliability are for models of one label per image");
    }

    void write(List<ModelEvaluation> models) {
        results.ifPresent(file -> AtomicFiles.write(file, ResultsTable.csv(models)));
        Scores scores = models.get(0).scores();
        perClass.ifPresent(file -> AtomicFiles.write(file, perClass(scores)));
        confusion.ifPresent(file -> AtomicFiles.write(file, confusion(scores)));
        reliability.ifPresent(file -> AtomicFiles.write(
                file,
                ReliabilityDiagram.svg(
                        models.get(0).model(), models.get(0).calibration().orElseThrow())));
    }

    private static String perClass(Scores scores) {
        boolean ranked = scores.hasAveragePrecision();
        StringBuilder text =
                new StringBuilder("class,images," + (ranked ? "average_precision," : "") + "precision,recall,f1\n");
        for (Scores.ClassScore c : scores.classes()) {
            List<Object> row = new ArrayList<>(List.of(c.name(), c.count(), c.precision(), c.recall(), c.f1()));
            if (ranked) row.add(2, c.averagePrecision() == null ? "" : c.averagePrecision());
            text.append(Csv.line(row)).append('\n');
        }
        return text.toString();
    }

    private static String confusion(Scores scores) {
        List<Object> header = new ArrayList<>(List.of("actual"));
        scores.classes().forEach(c -> header.add(c.name()));
        StringBuilder text = new StringBuilder(Csv.line(header)).append('\n');
        for (int i = 0; i < scores.confusion().length; i++) {
            List<Object> row = new ArrayList<>(List.of(scores.classes().get(i).name()));
            for (long n : scores.confusion()[i]) row.add(n);
            text.append(Csv.line(row)).append('\n');
        }
        return text.toString();
    }
}
