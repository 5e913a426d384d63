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

/** Whether a model still computes what a model of ours computed, its weights aside. */
final class GraphComparison {
    /** What may change: the first three are about training only, and Keras writes types its own way. */
    private static final Set<String> FREE = Set.of("trainable", "momentum", "name", "dtype");

    private static final int SHOWN = 3;

    private GraphComparison() {}

    /**
     * The one of {@code candidates} that holds the layers of {@code ours}, which is checked to be connected as ours is.
     *
     * @param label what to call the file of the candidates
     * @throws ConfigError saying what is missing or different
     */
    static FunctionalConfig find(FunctionalConfig ours, List<FunctionalConfig> candidates, String label) {
        if (candidates.isEmpty()) throw new ConfigError(label + ": not a Functional model, as those of vit4j are");
        FunctionalConfig best = candidates.get(0);
        for (FunctionalConfig other : candidates) {
            if (missing(ours, other).size() < missing(ours, best).size()) best = other;
        }
        Set<String> missing = missing(ours, best);
        if (!missing.isEmpty()) {
            throw new ConfigError(label + ": not this network: it has no layer " + shown(missing));
        }
        compare(ours, best, label);
        return best;
    }

    private static Set<String> missing(FunctionalConfig ours, FunctionalConfig theirs) {
        Set<String> missing = new TreeSet<>();
        for (FunctionalConfig.KerasOperation operation : ours.operations()) {
            if (!operation.isLayer()) continue;
            FunctionalConfig.KerasOperation other = theirs.operation(operation.name());
            if (other == null || !other.isLayer()) missing.add(operation.name());
        }
        return missing;
    }

    private static String shown(Collection<String> names) {
        String first = String.join("', '", names.stream().limit(SHOWN).toList());
        return "'" + first + "'" + (names.size() > SHOWN ? " and " + (names.size() - SHOWN) + " more" : "");
    }

    /** An operation of ours and what stands in its place. */
    private record ComparedPair(FunctionalConfig.KerasOperation ours, FunctionalConfig.KerasOperation theirs) {}

    /** From the output back. Operations that are no layers have other names once Keras has loaded them. */
    private static void compare(FunctionalConfig ours, FunctionalConfig theirs, String label) {
        Deque<ComparedPair> open = new ArrayDeque<>();
        Set<String> seen = new HashSet<>();
        for (String output : ours.outputs()) push(open, ours, output, theirs, output, label);
        while (!open.isEmpty()) {
            ComparedPair pair = open.pop();
            if (!seen.add(pair.ours.name())) continue;
            compare(pair, label);
            for (int i = 0; i < pair.ours.inputs().size(); i++) {
                push(
                        open,
                        ours,
                        pair.ours.inputs().get(i),
                        theirs,
                        pair.theirs.inputs().get(i),
                        label);
            }
        }
    }

    private static void push(
            Deque<ComparedPair> open,
            FunctionalConfig ours,
            String name,
            FunctionalConfig theirs,
            String other,
            String label) {
        FunctionalConfig.KerasOperation mine = ours.operation(name);
        FunctionalConfig.KerasOperation its = theirs.operation(other);
        if (mine == null || its == null) {
            throw new ConfigError(label + ": there is no layer '" + (mine == null ? name : other) + "'");
        }
        open.push(new ComparedPair(mine, its));
    }

    private static void compare(ComparedPair pair, String label) {
        FunctionalConfig.KerasOperation ours = pair.ours;
        FunctionalConfig.KerasOperation theirs = pair.theirs;
        boolean renamed = ours.isLayer() && !ours.name().equals(theirs.name());
        if (renamed || !ours.className().equals(theirs.className())) {
            throw new ConfigError(String.format(
                    Locale.ROOT,
                    "%s: not this network: in the place of %s '%s' it has %s '%s'",
                    label,
                    ours.className(),
                    ours.name(),
                    theirs.className(),
                    theirs.name()));
        }
        boolean input = ours.inputs().isEmpty(); // what a person puts in front of it is theirs
        if (!input && ours.inputs().size() != theirs.inputs().size()) {
            throw new ConfigError(String.format(
                    Locale.ROOT,
                    "%s: not this network: layer '%s' has %d inputs, expected %d",
                    label,
                    theirs.name(),
                    theirs.inputs().size(),
                    ours.inputs().size()));
        }
        for (Map.Entry<String, JsonNode> entry : ours.config().properties()) {
            JsonNode value = theirs.config().path(entry.getKey());
            if (FREE.contains(entry.getKey()) || same(entry.getValue(), value)) continue;
            throw new ConfigError(String.format(
                    Locale.ROOT,
                    "%s: not this network: layer '%s' has %s %s, expected %s",
                    label,
                    theirs.name(),
                    entry.getKey(),
                    value,
                    entry.getValue()));
        }
    }

    /** Null, the size of a batch, may have become a number, and an axis a list of one. */
    private static boolean same(JsonNode ours, JsonNode theirs) {
        if (ours.isNull()) return true;
        if (!ours.isContainerNode() && theirs.isArray() && theirs.size() == 1) return same(ours, theirs.get(0));
        if (ours.isNumber()) return theirs.isNumber() && ours.doubleValue() == theirs.doubleValue();
        if (!ours.isArray()) return ours.equals(theirs);
        if (!theirs.isArray() || ours.size() != theirs.size()) return false;
        for (int i = 0; i < ours.size(); i++) {
            if (!same(ours.get(i), theirs.get(i))) return false;
        }
        return true;
    }
}
