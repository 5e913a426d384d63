package org.vit4j.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.PngEncoder;
import org.vit4j.io.AtomicFiles;
import org.vit4j.metrics.Mistake;
import org.vit4j.metrics.Scores;

/**
 * Evaluation of the best model of a run on the validation images, stored as {@code evaluation.json} in the run
 * directory. The HTML report is built from it without another evaluation.
 *
 * @param epoch epoch of the weights, from 1
 * @param confused pairs of actual and predicted class with at least one image, including correct predictions
 * @param mistakes worst first
 */
public record EvaluationReport(
        @JsonProperty("epoch") int epoch,
        @JsonProperty("loss") double loss,
        @JsonProperty("top1") double top1,
        @JsonProperty("top5") double top5,
        @JsonProperty("count") long count,
        @JsonProperty("classes") List<Scores.ClassScore> classes,
        @JsonProperty("confused") List<ConfusedPair> confused,
        @JsonProperty("mistakes") List<MistakeImage> mistakes) {
    private static final Logger LOG = LoggerFactory.getLogger(EvaluationReport.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FILE = "evaluation.json";

    /** Number of images of one class that were predicted as another or the same class. */
    public record ConfusedPair(
            @JsonProperty("actual") int actual,
            @JsonProperty("predicted") int predicted,
            @JsonProperty("count") long count) {}

    /**
     * Misclassified image.
     *
     * @param png the preprocessed image
     */
    @SuppressWarnings("ArrayRecordComponent") // instances are never compared
    public record MistakeImage(
            @JsonProperty("name") String name,
            @JsonProperty("actual") int actual,
            @JsonProperty("predicted") int predicted,
            @JsonProperty("probability") double probability,
            @JsonProperty("probability_of_actual") double probabilityOfActual,
            @JsonProperty("png") byte[] png) {}

    public EvaluationReport {
        classes = List.copyOf(classes);
        confused = List.copyOf(confused);
        mistakes = List.copyOf(mistakes);
    }

    /**
     * Creates a report from the results of an evaluation.
     *
     * @param worst misclassified images
     * @param names image names by dataset index
     * @param preprocess preprocessing of the pixels, whose normalization is reverted for the PNG files
     */
    public static EvaluationReport of(
            int epoch, Scores scores, List<Mistake> worst, IntFunction<String> names, Preprocessing preprocess) {
        List<ConfusedPair> pairs = new ArrayList<>();
        long[][] confusion = scores.confusion();
        for (int actual = 0; actual < confusion.length; actual++) {
            for (int predicted = 0; predicted < confusion.length; predicted++) {
                long count = confusion[actual][predicted];
                if (count > 0) pairs.add(new ConfusedPair(actual, predicted, count));
            }
        }
        List<MistakeImage> mistakes = worst.stream()
                .map(m -> new MistakeImage(
                        names.apply(m.index()),
                        m.actual(),
                        m.predicted(),
                        m.probability(),
                        m.probabilityOfActual(),
                        png(preprocess.denormalize(m.pixels()))))
                .toList();
        return new EvaluationReport(
                epoch, scores.loss(), scores.top1(), scores.top5(), scores.count(), scores.classes(), pairs, mistakes);
    }

    private static byte[] png(Image image) {
        boolean gray = image.channels() == 1;
        int type = gray ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB;
        BufferedImage buffered = new BufferedImage(image.width(), image.height(), type);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                for (int c = 0; c < image.channels(); c++) {
                    int value = (int) Math.max(0, Math.min(255, Math.rint(image.at(y, x, c))));
                    buffered.getRaster().setSample(x, y, c, value);
                }
            }
        }
        return PngEncoder.encode(buffered);
    }

    /** Writes {@code evaluation.json} into a run directory. */
    public void write(Path directory) {
        AtomicFiles.write(directory.resolve(FILE), temporary -> JSON.writeValue(temporary.toFile(), this));
    }

    /** Reads the evaluation of a run directory; empty if it is missing, or cannot be read, which is logged. */
    public static Optional<EvaluationReport> read(Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) return Optional.empty();
        try {
            return Optional.of(JSON.readValue(file.toFile(), EvaluationReport.class));
        } catch (IOException | NullPointerException e) {
            LOG.warn(
                    "{} cannot be read and is left out of the report: {}",
                    file,
                    e.getMessage().lines().findFirst().orElse(""));
            return Optional.empty();
        }
    }

    /** Returns the pairs of different classes, sorted by count, then by fraction of the actual class, then by index. */
    List<ConfusedPair> mostConfused() {
        return confused.stream()
                .filter(pair -> pair.actual != pair.predicted)
                .sorted(Comparator.comparingLong(ConfusedPair::count)
                        .thenComparingDouble(pair -> share(pair))
                        .reversed()
                        .thenComparingInt(ConfusedPair::actual)
                        .thenComparingInt(ConfusedPair::predicted))
                .toList();
    }

    /** Returns the fraction of the actual class's images. */
    public double share(ConfusedPair pair) {
        return (double) pair.count / classes.get(pair.actual).count();
    }
}
