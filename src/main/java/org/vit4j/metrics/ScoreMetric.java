package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.vit4j.data.Batch;

/**
 * Built-in metrics of the validation set next to loss and accuracy, for {@code train.best}. A run records the one that it
 * uses, {@code top5} under the key {@code val_top5}.
 */
public final class ScoreMetric {
    /** Mean average precision of images with several labels. */
    public static final String MAP = "map";
    /** Mean F1 of the classes. */
    public static final String F1 = "f1";

    private static final String PREFIX = "val_";

    private ScoreMetric() {}

    private static Map<String, Supplier<Metric.MetricState>> states() {
        Map<String, Supplier<Metric.MetricState>> states = new LinkedHashMap<>();
        states.put("top5", () -> new ScoreState(Scores::top5));
        states.put(F1, () -> new ScoreState(ScoreMetric::macroF1));
        states.put("balanced_accuracy", () -> new ScoreState(ScoreMetric::meanRecall));
        states.put("ece", () -> new Calibration(Calibration.DEFAULT_BINS));
        return states;
    }

    /** The words of all metrics. */
    static List<String> words() {
        List<String> words = new ArrayList<>(states().keySet());
        words.add(MAP);
        return words;
    }

    /** Key of a metric in {@link EpochMetrics#metrics}; a name that is not built in is its own key. */
    public static String keyOf(String word) {
        return words().contains(word) ? PREFIX + word : word;
    }

    /** Metric of one label per image; empty for words that are not built in, or need several labels per image. */
    public static Optional<Metric> named(String word) {
        return Optional.ofNullable(states().get(word)).map(state -> metric(PREFIX + word, state));
    }

    private static Metric metric(String key, Supplier<Metric.MetricState> state) {
        return new Metric() {
            @Override
            public String name() {
                return key;
            }

            @Override
            public MetricState start() {
                return state.get();
            }
        };
    }

    /** Mean over the classes that occur as label or prediction, as scikit-learn's {@code f1_score(average="macro")}. */
    private static double macroF1(Scores scores) {
        return scores.macro().f1();
    }

    /** Mean F1 of all classes, for images with several labels. */
    public static double meanF1(Scores scores) {
        return scores.classes().stream()
                .mapToDouble(Scores.ClassScore::f1)
                .average()
                .orElse(0);
    }

    /** Mean over the classes with images, as scikit-learn's {@code balanced_accuracy_score}. */
    private static double meanRecall(Scores scores) {
        return scores.classes().stream()
                .filter(score -> score.count() > 0)
                .mapToDouble(Scores.ClassScore::recall)
                .average()
                .orElse(0);
    }

    /** Scores of all batches, and a number of them. */
    private static final class ScoreState implements Metric.MetricState {
        private final ToDoubleFunction<Scores> result;
        private Optional<ScoreSums> sums = Optional.empty();

        ScoreState(ToDoubleFunction<Scores> result) {
            this.result = result;
        }

        @Override
        public void add(double[][] logits, int[] labels) {
            if (sums.isEmpty()) sums = Optional.of(new ScoreSums(logits[0].length));
            sums.get().add(logits, labels);
        }

        @Override
        public void add(Batch batch, double[][] logits) {
            add(logits, batch.labels());
        }

        @Override
        public double value() {
            return sums.map(all -> result.applyAsDouble(all.scores(all.numbers())))
                    .orElse(0.0);
        }
    }
}
