package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.vit4j.checkpoint.KeyMatch.Scheme;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Parameter;

/**
 * Finds the dictionary, naming scheme and prefix of a checkpoint that match a model's parameters best. Wrapper names
 * need not be known: every name that ends with the name of a parameter gives a candidate prefix.
 */
final class CheckpointMatcher {
    /** Prefixes tried per dictionary and scheme: those with the most matching names. */
    private static final int MAX_PREFIXES = 8;

    private final List<Scheme> schemes;

    CheckpointMatcher(Collection<Parameter> weights, List<CheckpointNames> schemes) {
        this.schemes = schemes.stream().map(names -> new Scheme(names, weights)).toList();
    }

    /** A match with its naming scheme. */
    private record Candidate(Scheme scheme, KeyMatch match) {
        int fitting() {
            return match.fitting();
        }

        int found() {
            return match.found();
        }

        boolean isPlausible() {
            return 2 * found() >= scheme.layouts.size();
        }
    }

    /**
     * The result of a search.
     *
     * @param unexpected names with the prefix that are not parameters of the model
     * @param notes lines for the log
     */
    record Result(KeyMatch match, List<String> unexpected, List<String> notes) {}

    /**
     * @param key location to read from, as in error messages: dictionary keys and prefix, joined by dots, or a part of that
     * @throws ConfigError if several locations fit equally well, or no parameter is found at {@code key}
     */
    Result find(StateDict file, Optional<String> key) {
        List<Candidate> all = new ArrayList<>();
        for (StateDict dict : file.alternatives()) for (Scheme scheme : schemes) all.addAll(candidates(dict, scheme));
        List<Candidate> allowed = key.isEmpty() ? all : at(file, all, key.get());
        List<String> notes = new ArrayList<>();
        if (allowed.isEmpty()) {
            Scheme first = schemes.get(0);
            KeyMatch none = KeyMatch.of(file, first, "", plain(file, first));
            return new Result(none, none.unexpected(first), notes);
        }
        List<Candidate> tied = bestCandidates(allowed);
        Candidate best = tied.get(0);
        // Common names such as norm.weight occur in every model; with few matches there is no ambiguity to report.
        if (tied.size() > 1 && best.isPlausible()) best = resolveTie(file, tied, notes);
        // Names of a location that was not chosen are not unexpected parts of the one that was.
        List<Candidate> others = key.isEmpty()
                ? tied
                : all.stream().filter(Candidate::isPlausible).toList();
        return result(best, others, notes);
    }

    private List<Candidate> candidates(StateDict dict, Scheme scheme) {
        Map<String, String> plain = plain(dict, scheme);
        Map<String, Integer> counts = new HashMap<>();
        for (String name : plain.keySet()) {
            for (int at = 0; at >= 0; at = next(name, at)) {
                if (scheme.keys.contains(name.substring(at))) counts.merge(name.substring(0, at), 1, Integer::sum);
            }
        }
        return counts.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue()
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(MAX_PREFIXES)
                .map(entry -> new Candidate(scheme, KeyMatch.of(dict, scheme, entry.getKey(), plain)))
                .filter(candidate -> candidate.found() > 0)
                .toList();
    }

    /** Index of the next part of a name; -1 after the last. */
    private static int next(String name, int at) {
        int dot = name.indexOf('.', at);
        return dot < 0 ? -1 : dot + 1;
    }

    /**
     * Removes the parts that wrappers of inner modules insert into names ({@code blocks.0._orig_mod.norm1.weight}):
     * private attributes and {@code module}, unless the model has such names itself or two names would become equal.
     * Wrappers of the entire model are not removed, as they are part of the prefix.
     *
     * @return original names by plain name
     */
    private static Map<String, String> plain(StateDict dict, Scheme scheme) {
        Map<String, String> plain = new LinkedHashMap<>();
        for (String name : Stream.concat(dict.entries().keySet().stream(), dict.opaque().keySet().stream())
                .toList()) {
            String shorter = withoutWrappers(name, scheme);
            boolean unique = !plain.containsKey(shorter) && !dict.entries().containsKey(shorter);
            plain.put(unique ? shorter : name, name);
        }
        return plain;
    }

    private static String withoutWrappers(String name, Scheme scheme) {
        List<String> parts = new ArrayList<>();
        boolean front = true;
        for (String part : name.split("\\.", -1)) {
            boolean wrapper = (part.startsWith("_") || part.equals("module")) && !scheme.parts.contains(part);
            if (!wrapper || front) parts.add(part);
            front &= wrapper;
        }
        return String.join(".", parts);
    }

    private List<Candidate> at(StateDict file, List<Candidate> all, String key) {
        List<Candidate> exact = all.stream()
                .filter(candidate -> candidate.match.location().equals(key))
                .toList();
        if (!exact.isEmpty()) return exact;
        List<Candidate> below = all.stream()
                .filter(candidate -> candidate.match.location().startsWith(key + "."))
                .toList();
        if (!below.isEmpty()) return below;
        List<Candidate> part = all.stream()
                .filter(candidate -> ("." + candidate.match.location() + ".").contains("." + key + "."))
                .toList();
        if (!part.isEmpty()) return part;
        Set<String> locations = new LinkedHashSet<>();
        bestCandidates(all).forEach(candidate -> locations.add(candidate.match.location()));
        throw new ConfigError(file.label() + ": no parameter of the model at key '" + key + "'"
                + (locations.isEmpty() ? "" : "; expected " + String.join(" or ", locations)));
    }

    /** Returns the best candidates, one for each distinct set of arrays. */
    private static List<Candidate> bestCandidates(List<Candidate> all) {
        Comparator<Candidate> order =
                Comparator.comparingInt(Candidate::fitting).thenComparingInt(Candidate::found);
        Optional<Candidate> best = all.stream().max(order);
        if (best.isEmpty()) return List.of();
        Map<List<Object>, Candidate> distinct = new LinkedHashMap<>();
        for (Candidate candidate : all) {
            if (order.compare(candidate, best.get()) != 0) continue;
            distinct.merge(candidate.match.arraysOf(candidate.scheme), candidate, CheckpointMatcher::fewerUnexpected);
        }
        return List.copyOf(distinct.values());
    }

    private static Candidate fewerUnexpected(Candidate a, Candidate b) {
        return unexpected(b, List.of()).size() < unexpected(a, List.of()).size() ? b : a;
    }

    /**
     * Chooses among candidates that fit equally well: the only one without unexpected names, else the averaged weights.
     *
     * @throws ConfigError if neither decides
     */
    private static Candidate resolveTie(StateDict file, List<Candidate> tied, List<String> notes) {
        List<Candidate> clean = tied.stream()
                .filter(candidate -> unexpected(candidate, tied).isEmpty())
                .toList();
        List<Candidate> left = clean.isEmpty() ? tied : clean;
        if (left.size() == 1) return left.get(0);
        List<Candidate> averaged = left.stream()
                .filter(candidate -> candidate.match.dict().isAveraged())
                .toList();
        List<String> locations =
                left.stream().map(candidate -> candidate.match.location()).toList();
        if (averaged.size() == 1) {
            notes.add("state dicts that fit equally well: " + String.join(", ", locations)
                    + "; using the averaged weights, " + averaged.get(0).match.location()
                    + " (to use another: --key NAME, or train.init.key in a config)");
            return averaged.get(0);
        }
        throw new ConfigError(
                fileOf(file) + ": contains " + locations.size() + " state dicts that fit the model equally well: "
                        + String.join(", ", locations) + "; choose one with --key NAME (train.init.key in a config)");
    }

    private static String fileOf(StateDict file) {
        int keys = file.path().isEmpty() ? 0 : file.path().length() + 1;
        return file.label().substring(0, file.label().length() - keys);
    }

    /** Unexpected names, without those that have the longer prefix of another candidate in the same dictionary. */
    private static List<String> unexpected(Candidate candidate, List<Candidate> others) {
        KeyMatch match = candidate.match;
        List<String> inner = others.stream()
                .map(other -> other.match)
                .filter(other -> other.dict() == match.dict()
                        && other.prefix().startsWith(match.prefix())
                        && other.prefix().length() > match.prefix().length())
                .map(other -> other.prefix().substring(match.prefix().length()))
                .toList();
        return match.unexpected(candidate.scheme).stream()
                .filter(name -> inner.stream().noneMatch(name::startsWith))
                .toList();
    }

    private static Result result(Candidate best, List<Candidate> others, List<String> notes) {
        Scheme scheme = best.scheme;
        List<String> unexpected = new ArrayList<>(unexpected(best, others));
        Map<String, String> plain = plain(best.match.dict(), scheme);
        Map<String, String> fromOuter = outer(best, plain);
        KeyMatch match = best.match.withNames(fromOuter);
        List<String> outside = best.match.dict().entries().keySet().stream()
                .filter(name -> !match.names().containsValue(name) && !scheme.names.ignores(name))
                .toList();
        if (!fromOuter.isEmpty()) {
            notes.add("outside of prefix '" + match.prefix() + "': read "
                    + WeightTransfer.abbreviate(List.copyOf(fromOuter.values())));
        }
        List<String> pretraining = match.names().keySet().stream()
                .filter(name -> scheme.names.ignores(name) && CheckpointNames.isOfPretraining(name))
                .toList();
        if (!pretraining.isEmpty())
            notes.add("not part of the model, skipped: " + WeightTransfer.abbreviate(pretraining));
        if (!outside.isEmpty()) {
            notes.add("outside of prefix '" + match.prefix() + "': skipped " + WeightTransfer.abbreviate(outside));
        }
        return new Result(match, List.copyOf(unexpected), notes);
    }

    /** Finds missing parameters of matching shape under shorter prefixes, where wrappers often have the head. */
    private static Map<String, String> outer(Candidate best, Map<String, String> plain) {
        Map<String, String> more = new LinkedHashMap<>();
        String prefix = best.match.prefix();
        while (!prefix.isEmpty()) {
            int dot = prefix.lastIndexOf('.', prefix.length() - 2);
            prefix = prefix.substring(0, dot + 1);
            KeyMatch outer = KeyMatch.of(best.match.dict(), best.scheme, prefix, plain);
            best.scheme.layouts.forEach((weight, layout) -> {
                boolean missing = best.match.arrays(layout).isEmpty() && !more.containsKey(layout.key());
                if (missing && outer.fits(weight, layout)) {
                    for (String key : layout.keys()) more.put(key, outer.names().get(key));
                }
            });
        }
        return more;
    }
}
