package org.vit4j.keras;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.vit4j.config.ConfigError;

/** Checks that a model saved by Keras still has the exported network's layers and connections; ignores weights. */
final class GraphComparison {
    /**
     * Config keys that may differ: names, training-only settings, and the dtype, which Keras serializes differently.
     */
    private static final Set<String> IGNORED_KEYS = Set.of("trainable", "momentum", "name", "dtype");

    private static final int MAX_LISTED = 3;

    private GraphComparison() {}

    /**
     * Returns the candidate that contains the layers of {@code expected}, connected in the same way.
     *
     * @param label of the candidates' file in error messages
     * @throws ConfigError naming the missing or different layer
     */
    static FunctionalConfig find(FunctionalConfig expected, List<FunctionalConfig> candidates, String label) {
        if (candidates.isEmpty())
            throw new ConfigError(label + ": not a Functional model; expected one exported by vit4j");
        FunctionalConfig best = candidates.get(0);
        for (FunctionalConfig other : candidates) {
            if (missing(expected, other).size() < missing(expected, best).size()) best = other;
        }
        Set<String> missing = missing(expected, best);
        if (!missing.isEmpty()) {
            throw new ConfigError(label + ": different network: missing layer " + listed(missing));
        }
        compare(expected, best, label);
        return best;
    }

    private static Set<String> missing(FunctionalConfig expected, FunctionalConfig actual) {
        Set<String> missing = new TreeSet<>();
        for (FunctionalConfig.KerasOperation operation : expected.operations()) {
            if (!operation.isLayer()) continue;
            FunctionalConfig.KerasOperation other = actual.operation(operation.name());
            if (other == null || !other.isLayer()) missing.add(operation.name());
        }
        return missing;
    }

    private static String listed(Collection<String> names) {
        String first = String.join("', '", names.stream().limit(MAX_LISTED).toList());
        return "'" + first + "'" + (names.size() > MAX_LISTED ? " and " + (names.size() - MAX_LISTED) + " more" : "");
    }

    /** An operation of the exported model and its counterpart. */
    private record ComparedPair(FunctionalConfig.KerasOperation expected, FunctionalConfig.KerasOperation actual) {}

    /** Walks both graphs from the outputs back, because Keras renames operations that are not layers when loading. */
    private static void compare(FunctionalConfig expected, FunctionalConfig actual, String label) {
        Deque<ComparedPair> open = new ArrayDeque<>();
        Set<String> seen = new HashSet<>();
        for (String output : expected.outputs()) push(open, expected, output, actual, output, label);
        while (!open.isEmpty()) {
            ComparedPair pair = open.pop();
            if (!seen.add(pair.expected.name())) continue;
            compare(pair, label);
            for (int i = 0; i < pair.expected.inputs().size(); i++) {
                push(
                        open,
                        expected,
                        pair.expected.inputs().get(i),
                        actual,
                        pair.actual.inputs().get(i),
                        label);
            }
        }
    }

    private static void push(
            Deque<ComparedPair> open,
            FunctionalConfig expected,
            String name,
            FunctionalConfig actual,
            String other,
            String label) {
        FunctionalConfig.KerasOperation expectedInput = expected.operation(name);
        FunctionalConfig.KerasOperation actualInput = actual.operation(other);
        if (expectedInput == null || actualInput == null) {
            throw new ConfigError(label + ": missing layer '" + (expectedInput == null ? name : other) + "'");
        }
        open.push(new ComparedPair(expectedInput, actualInput));
    }

    private static void compare(ComparedPair pair, String label) {
        FunctionalConfig.KerasOperation expected = pair.expected;
        FunctionalConfig.KerasOperation actual = pair.actual;
        boolean renamed = expected.isLayer() && !expected.name().equals(actual.name());
        if (renamed || !expected.className().equals(actual.className())) {
            throw new ConfigError(String.format(
                    Locale.ROOT,
                    "%s: different network: %s '%s', expected %s '%s'",
                    label,
                    actual.className(),
                    actual.name(),
                    expected.className(),
                    expected.name()));
        }
        boolean input = expected.inputs().isEmpty(); // users may put their own layers in front of the input
        if (!input && expected.inputs().size() != actual.inputs().size()) {
            throw new ConfigError(String.format(
                    Locale.ROOT,
                    "%s: different network: layer '%s' has %d inputs, expected %d",
                    label,
                    actual.name(),
                    actual.inputs().size(),
                    expected.inputs().size()));
        }
        JsonNode activation = actual.config().path("activation");
        boolean linear = activation.isMissingNode()
                || activation.isNull()
                || activation.asText().equals("linear");
        if (!expected.config().has("activation") && !linear)
            throw new ConfigError(String.format(
                    Locale.ROOT,
                    "%s: different network: layer '%s' has activation %s, expected none",
                    label,
                    actual.name(),
                    activation));
        for (Map.Entry<String, JsonNode> entry : expected.config().properties()) {
            JsonNode value = actual.config().path(entry.getKey());
            if (IGNORED_KEYS.contains(entry.getKey()) || equal(entry.getValue(), value)) continue;
            throw new ConfigError(String.format(
                    Locale.ROOT,
                    "%s: different network: layer '%s' has %s %s, expected %s",
                    label,
                    actual.name(),
                    entry.getKey(),
                    value,
                    entry.getValue()));
        }
    }

    /** Compares config values. Null (the batch size) equals any number, and a one-element list equals its element. */
    private static boolean equal(JsonNode expected, JsonNode actual) {
        if (expected.isNull()) return true;
        if (!expected.isContainerNode() && actual.isArray() && actual.size() == 1)
            return equal(expected, actual.get(0));
        if (expected.isNumber()) return actual.isNumber() && expected.doubleValue() == actual.doubleValue();
        if (!expected.isArray()) return expected.equals(actual);
        if (!actual.isArray() || expected.size() != actual.size()) return false;
        for (int i = 0; i < expected.size(); i++) {
            if (!equal(expected.get(i), actual.get(i))) return false;
        }
        return true;
    }
}
