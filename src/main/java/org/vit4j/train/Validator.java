package org.vit4j.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.vit4j.backend.Backend;
import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.Inference;
import org.vit4j.data.BatchSource;
import org.vit4j.graph.Graph;
import org.vit4j.metrics.AveragePrecision;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.Evaluator;
import org.vit4j.metrics.Metric;
import org.vit4j.metrics.ScoreMetric;
import org.vit4j.metrics.Scores;
import org.vit4j.metrics.WorstMistakes;
import org.vit4j.train.ValidatedEpoch.ValidatedWeights;

/** Evaluates the weights and their moving average on the validation set. */
final class Validator implements AutoCloseable {
    /** Number of misclassified images that callbacks get, which keeps the report below a few megabytes. */
    private static final int MISTAKES = 24;

    private final DeviceParameters weights;
    private final Optional<DeviceParameters> average;
    private final Inference inference;
    private final Optional<Inference> averaged;
    private final List<String> classes;
    private final List<Metric> metrics;

    Validator(
            Backend backend,
            Graph graph,
            DeviceParameters weights,
            Optional<DeviceParameters> average,
            List<String> classes,
            List<Metric> metrics) {
        this.weights = weights;
        this.average = average;
        this.inference = backend.inference(graph, weights);
        this.averaged = average.map(ema -> backend.inference(graph, ema));
        this.classes = classes;
        this.metrics = metrics;
    }

    /** @param values receives the values of the further metrics, by name */
    ValidatedWeights weights(BatchSource source, Map<String, Double> values) {
        return validate(inference, weights, source, values);
    }

    /**
     * Evaluates the moving average; empty if there is none.
     *
     * @param values receives the values of the further metrics, under the keys of the average
     */
    Optional<ValidatedWeights> average(BatchSource source, Map<String, Double> values) {
        Map<String, Double> own = new LinkedHashMap<>();
        Optional<ValidatedWeights> result = averaged.map(ema -> validate(ema, average.orElseThrow(), source, own));
        own.forEach((key, value) -> values.put(EpochMetrics.averageKey(key), value));
        return result;
    }

    private ValidatedWeights validate(
            Inference network, DeviceParameters parameters, BatchSource source, Map<String, Double> values) {
        WorstMistakes mistakes = new WorstMistakes(MISTAKES);
        List<Metric.MetricState> states = metrics.stream().map(Metric::start).toList();
        if (source.labelLists().isPresent()) {
            IntFunction<int[]> labels = source.labelLists().get();
            AveragePrecision precision = new AveragePrecision(labels);
            List<Metric.MetricState> all = new ArrayList<>(states);
            all.add(precision);
            Scores counted = Evaluator.evaluateMultiLabel(network, source, classes, labels, all);
            Scores scores = counted.withAveragePrecision(precision.byClass());
            values.put(ScoreMetric.keyOf(ScoreMetric.MAP), precision.value());
            values.put(ScoreMetric.keyOf(ScoreMetric.F1), ScoreMetric.meanF1(scores));
            put(states, values);
            return new ValidatedWeights(parameters.store(), scores, List.of());
        }
        Scores scores = Evaluator.evaluate(network, source, classes, mistakes, states);
        put(states, values);
        return new ValidatedWeights(parameters.store(), scores, mistakes.list());
    }

    private void put(List<Metric.MetricState> states, Map<String, Double> values) {
        for (int i = 0; i < states.size(); i++)
            values.put(metrics.get(i).name(), states.get(i).value());
    }

    @Override
    public void close() {
        inference.close();
        averaged.ifPresent(Inference::close);
    }
}
