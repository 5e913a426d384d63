package org.vit4j.train;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.config.Suggestions;

/**
 * {@code train.loss.class_weights}: factor of the loss for each class.
 *
 * @param values in the order of the classes; empty for balanced weights and weights by name
 * @param byName by the name of the class, 1 for all others; empty for balanced weights and weights in order
 */
public record ClassWeights(List<Double> values, Map<String, Double> byName) {
    static final String KEY = "class_weights";
    private static final String BALANCED = "balanced";
    private static final String EXPECTED = "expected balanced, one weight per class, or weights by class name";
    private static final String PATH = "train.loss.class_weights: ";

    public ClassWeights {
        values = List.copyOf(values);
        byName = Map.copyOf(byName);
        values.forEach(weight -> Checks.nonNegative(KEY, weight));
        byName.forEach((name, weight) -> Checks.nonNegative(KEY + "." + name, weight));
        boolean anyPositive = values.isEmpty() || values.stream().anyMatch(weight -> weight > 0);
        Checks.check(anyPositive, KEY, values, "must contain a positive weight");
    }

    /**
     * Weights that give the labels of each class the same total weight: {@code labels / (classes * labels of the class)}, as
     * scikit-learn's {@code class_weight="balanced"} of all labels; 1 for classes without images.
     */
    public static ClassWeights balanced() {
        return new ClassWeights(List.of(), Map.of());
    }

    boolean isBalanced() {
        return values.isEmpty() && byName.isEmpty();
    }

    /** Reads the word {@code balanced}, a list with a weight per class, or a section of weights by class name. */
    static Optional<ClassWeights> read(Section s) {
        if (!s.has(KEY) || s.isOff(KEY)) return Optional.empty();
        try {
            if (s.isSection(KEY)) {
                Map<String, Double> byName = s.numbersAt(KEY);
                if (!byName.isEmpty()) return Optional.of(new ClassWeights(List.of(), byName));
                s.reject(KEY, EXPECTED + ", got an empty section");
                return Optional.empty();
            }
            List<String> words = s.stringsAt(KEY, List.of());
            if (words.equals(List.of(BALANCED))) return Optional.of(balanced());
            Optional<String> problem = wordProblem(words);
            if (problem.isPresent()) {
                s.reject(KEY, problem.get());
                return Optional.empty();
            }
            return Optional.of(new ClassWeights(s.doublesAt(KEY, List.of()), Map.of()));
        } catch (IllegalArgumentException rule) {
            s.reject(KEY, rule.getMessage());
            return Optional.empty();
        }
    }

    /** Describes why words are neither weights nor the word {@code balanced}; empty if they may be numbers. */
    private static Optional<String> wordProblem(List<String> words) {
        if (words.isEmpty()) return Optional.of(EXPECTED + ", got an empty list");
        String word = words.get(0);
        if (words.size() > 1 || !word.matches("[A-Za-z_].*")) return Optional.empty();
        boolean near = Suggestions.nearest(word, List.of(BALANCED)).isPresent();
        return Optional.of("unknown value '" + word + "'" + (near ? ", did you mean 'balanced'?" : "; " + EXPECTED));
    }

    /** Describes why the weights do not fit a number of classes; empty if they do. */
    public Optional<String> problem(int classes) {
        if (values.isEmpty() || values.size() == classes) return Optional.empty();
        return Optional.of(values.size() + (values.size() == 1 ? " weight" : " weights") + " for " + classes
                + " classes; " + EXPECTED);
    }

    /**
     * Weights in the order of the classes.
     *
     * @param counts number of images of each class, if known
     * @throws ConfigError if a name is not a class, or the counts are needed and unknown
     */
    double[] of(List<String> classes, Optional<long[]> counts) {
        problem(classes.size()).ifPresent(problem -> {
            throw new ConfigError(PATH + problem);
        });
        if (isBalanced()) {
            return balanced(counts.orElseThrow(() -> new ConfigError(
                    PATH + "balanced needs data whose labels are known in advance; give one weight per class")));
        }
        if (!values.isEmpty()) return values.stream().mapToDouble(x -> x).toArray();
        byName.keySet().stream()
                .filter(name -> !classes.contains(name))
                .findFirst()
                .ifPresent(name -> {
                    throw new ConfigError(
                            PATH + "no class '" + name + "' in the data" + Suggestions.hint(name, classes));
                });
        double[] weights = classes.stream()
                .mapToDouble(name -> byName.getOrDefault(name, 1.0))
                .toArray();
        if (Arrays.stream(weights).sum() == 0) throw new ConfigError(PATH + "must contain a positive weight");
        return weights;
    }

    private static double[] balanced(long[] counts) {
        double all = Arrays.stream(counts).sum();
        long present = Arrays.stream(counts).filter(count -> count > 0).count();
        return Arrays.stream(counts)
                .mapToDouble(count -> count == 0 ? 1 : all / (present * count))
                .toArray();
    }
}
