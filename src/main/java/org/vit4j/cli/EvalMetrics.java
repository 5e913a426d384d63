package org.vit4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.BatchSource;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.metrics.AveragePrecision;
import org.vit4j.metrics.Calibration;
import org.vit4j.metrics.Evaluator;
import org.vit4j.metrics.Metric;
import org.vit4j.metrics.MultiLabelAccuracy;
import org.vit4j.metrics.MultiLabelScores;
import org.vit4j.metrics.MultiLabelSummary;
import org.vit4j.metrics.Scores;
import org.vit4j.metrics.WorstMistakes;

/**
 * Metrics of {@code eval} for a model.
 *
 * @param calibration empty for several labels per image
 * @param real accuracy with the labels of {@code --real-labels}
 * @param averages for several labels per image
 */
record EvalMetrics(
        Scores scores,
        Optional<Calibration> calibration,
        Optional<MultiLabelAccuracy> real,
        Optional<MultiLabelSummary> averages) {

    /** @param network [B, H, W, C] -> logits [B, K] */
    static EvalMetrics oneLabel(
            UnaryOperator<INDArray> network,
            BatchSource batches,
            List<String> classes,
            Optional<MultiLabelAccuracy> real) {
        var calibration = new Calibration(Calibration.DEFAULT_BINS);
        List<Metric.MetricState> metrics = new ArrayList<>(List.of(calibration));
        real.ifPresent(metrics::add);
        Scores scores = Evaluator.evaluate(network, batches, classes, new WorstMistakes(0), metrics);
        return new EvalMetrics(scores, Optional.of(calibration), real, Optional.empty());
    }

    /**
     * @param images of the batches; without label lists, each has one label
     * @param threshold probability above which a class is predicted
     */
    static EvalMetrics multiLabel(
            UnaryOperator<INDArray> network,
            BatchSource batches,
            List<String> classes,
            Dataset images,
            double threshold) {
        IntFunction<int[]> labels = images.labelLists().orElse(index -> new int[] {images.label(index)});
        var scores = new MultiLabelScores(labels, classes, threshold);
        var precision = new AveragePrecision(labels);
        Evaluator.evaluate(network, batches, List.of(scores, precision));
        Scores all = scores.scores();
        if (all.count() > 0) all = all.withAveragePrecision(precision.byClass());
        return new EvalMetrics(
                all, Optional.empty(), Optional.empty(), Optional.of(MultiLabelSummary.of(scores, precision)));
    }
}
