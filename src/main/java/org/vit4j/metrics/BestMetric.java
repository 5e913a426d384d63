package org.vit4j.metrics;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vit4j.config.Section;

/**
 * {@code train.best}: measure that selects the best epoch, the one whose weights {@code model.keras} holds. Of epochs with
 * equal values, the one with the lowest validation loss is the best, then the first.
 *
 * @param name {@code accuracy}, {@code loss}, a word of {@link ScoreMetric}, or the name of a {@link Metric} of a Java program
 */
public record BestMetric(String name, BestMode mode) {
    /** Direction of improvement. */
    public enum BestMode {
        MIN,
        MAX
    }

    private static final String LOSS = "loss";
    private static final List<String> LOWER_IS_BETTER = List.of(LOSS, "ece");

    /** Top-1 accuracy on the validation set, the default. */
    public static final BestMetric ACCURACY = of("accuracy");

    /** Mean average precision, the default for images with several labels. */
    public static final BestMetric MAP = of(ScoreMetric.MAP);

    /** Measure with its usual direction. */
    public static BestMetric of(String name) {
        return new BestMetric(name, defaultMode(name));
    }

    private static BestMode defaultMode(String name) {
        return LOWER_IS_BETTER.contains(name) ? BestMode.MIN : BestMode.MAX;
    }

    /** Reads {@code train.best}. */
    public static Optional<BestMetric> read(Section s) {
        List<String> words = ScoreMetric.words();
        words.addAll(0, List.of("accuracy", "top1", LOSS));
        String name = nameOf(s.choiceAt("metric", words));
        BestMode mode = s.enumAt("mode", BestMode.class, defaultMode(name));
        return s.build(() -> new BestMetric(name, mode));
    }

    /** Finds the measure in the values of a resolved config, by path. */
    public static BestMetric ofConfig(Map<String, String> values) {
        String word = values.get("train.best.metric");
        if (word == null) return values.containsKey("data.labels") ? MAP : ACCURACY;
        String mode = values.get("train.best.mode");
        BestMetric usual = of(nameOf(word));
        return mode == null ? usual : new BestMetric(usual.name, mode.equals("min") ? BestMode.MIN : BestMode.MAX);
    }

    /** Returns the measure that orders runs: theirs if all have the same one, otherwise accuracy. */
    public static BestMetric common(Collection<BestMetric> measures) {
        Set<BestMetric> distinct = Set.copyOf(measures);
        return distinct.size() == 1 ? distinct.iterator().next() : ACCURACY;
    }

    /** Returns the name; empty for accuracy and loss, which all tables have. */
    public Optional<String> furtherName() {
        return List.of(ACCURACY.name, LOSS).contains(name) ? Optional.empty() : Optional.of(name);
    }

    private static String nameOf(String word) {
        return word.equals("top1") ? "accuracy" : word;
    }

    /** Describes why this measure does not fit the data; empty if it does. */
    public Optional<String> problem(boolean multiLabel) {
        if (name.equals(ScoreMetric.MAP) && !multiLabel)
            return Optional.of("map is for images with several labels (data.labels)");
        if (multiLabel
                && ScoreMetric.words().contains(name)
                && !List.of(ScoreMetric.MAP, ScoreMetric.F1).contains(name))
            return Optional.of(name + " is for images with one label; expected map, f1, accuracy or loss");
        return Optional.empty();
    }

    /**
     * Value of an epoch; NaN if the epoch does not have it, or if its validation loss is NaN or infinite: counts of such
     * predictions say nothing.
     */
    public double value(ValidationMetrics epoch) {
        if (!Double.isFinite(epoch.valLoss())) return Double.NaN;
        if (name.equals("accuracy")) return epoch.valTop1();
        if (name.equals(LOSS)) return epoch.valLoss();
        Double value = epoch.metrics().get(ScoreMetric.keyOf(name));
        return value == null ? Double.NaN : value;
    }

    /** Returns true if a value is better than another one by more than {@code minDelta}. */
    public boolean improves(double value, double other, double minDelta) {
        return mode == BestMode.MAX ? value - minDelta > other : value + minDelta < other;
    }

    /** Order from best to worst: by value, NaN last, then by validation loss. */
    public Comparator<ValidationMetrics> bestFirst() {
        Comparator<ValidationMetrics> byValue = Comparator.comparingDouble(epoch -> {
            double value = value(epoch);
            return 0.0 + (mode == BestMode.MAX ? -value : value); // 0.0 and -0.0 are equal
        });
        return byValue.thenComparingDouble(ValidationMetrics::valLoss);
    }

    boolean isBetter(ValidationMetrics a, ValidationMetrics b) {
        return bestFirst().compare(a, b) < 0;
    }
}
