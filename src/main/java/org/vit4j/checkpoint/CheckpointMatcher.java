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
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Parameter;
import org.vit4j.models.CheckpointNames;

/**
 * Finds a network's parameters in a checkpoint: which dictionary of the file, which naming scheme, which prefix. The fit
 * decides, not the names of wrappers: a name fits when it ends with the name of a parameter.
 */
final class CheckpointMatcher {
    /** Prefixes tried per dictionary and scheme: those with most names behind them. */
    private static final int MOST_PREFIXES = 8;

    private final List<Scheme> schemes;

    CheckpointMatcher(Collection<Parameter> weights, List<CheckpointNames> schemes) {
        this.schemes = schemes.stream().map(names -> new Scheme(names, weights)).toList();
    }

    /** One match and all that is needed to judge it. */
    private record Candidate(Scheme scheme, KeyMatch match) {
        int fitting() {
            return match.fitting();
        }

        int found() {
            return match.found();
        }
    }

    /**
     * The result of a search.
     *
     * @param unexpected names behind the prefix that are no parameter of the network
     * @param notes lines for the log
     */
    record Result(KeyMatch match, List<String> unexpected, List<String> notes) {}

    /**
     * @param key the place to read from, as an error message names it: keys of dictionaries and prefix, joined by dots, or
     *     a part of that
     * @throws ConfigError when several places fit equally well, or nothing lies at {@code key}
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
        List<Candidate> equals = equals(allowed);
        Candidate best = equals.get(0);
        // A few common names (norm.weight) fit anywhere in another network: that is no choice to make.
        boolean serious = 2 * best.found() >= best.scheme.layouts.size();
        if (equals.size() > 1 && serious) best = decided(file, equals, notes);
        return result(best, equals, notes);
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
                .limit(MOST_PREFIXES)
                .map(entry -> new Candidate(scheme, KeyMatch.of(dict, scheme, entry.getKey(), plain)))
                .filter(candidate -> candidate.found() > 0)
                .toList();
    }

    /** The begin of the next part of a name; -1 behind the last. */
    private static int next(String name, int at) {
        int dot = name.indexOf('.', at);
        return dot < 0 ? -1 : dot + 1;
    }

    /**
     * Names without the parts that wrappers of inner modules leave in them ({@code blocks.0._orig_mod.norm1.weight}):
     * private attributes and {@code module}, unless the network has such names itself or two names would become one.
     * Wrappers of the whole network stand in front of every name: they are a prefix.
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
        List<String> kept = new ArrayList<>();
        boolean front = true;
        for (String part : name.split("\\.", -1)) {
            boolean wrapper = (part.startsWith("_") || part.equals("module")) && !scheme.parts.contains(part);
            if (!wrapper || front) kept.add(part);
            front &= wrapper;
        }
        return String.join(".", kept);
    }

    private List<Candidate> at(StateDict file, List<Candidate> all, String key) {
        List<Candidate> exact = all.stream()
                .filter(candidate -> candidate.match.place().equals(key))
                .toList();
        if (!exact.isEmpty()) return exact;
        List<Candidate> below = all.stream()
                .filter(candidate -> candidate.match.place().startsWith(key + "."))
                .toList();
        if (!below.isEmpty()) return below;
        List<Candidate> part = all.stream()
                .filter(candidate -> ("." + candidate.match.place() + ".").contains("." + key + "."))
                .toList();
        if (!part.isEmpty()) return part;
        Set<String> places = new LinkedHashSet<>();
        equals(all).forEach(candidate -> places.add(candidate.match.place()));
        throw new ConfigError(file.label() + ": holds no parameter of the network at key '" + key + "'"
                + (places.isEmpty() ? "" : "; expected " + String.join(" or ", places)));
    }

    /** The best candidates, one for each set of arrays. */
    private static List<Candidate> equals(List<Candidate> all) {
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

    /** Of several that fit equally well the only one with nothing else in it, else averaged weights, else none. */
    private static Candidate decided(StateDict file, List<Candidate> equals, List<String> notes) {
        List<Candidate> clean = equals.stream()
                .filter(candidate -> unexpected(candidate, equals).isEmpty())
                .toList();
        List<Candidate> left = clean.isEmpty() ? equals : clean;
        if (left.size() == 1) return left.get(0);
        List<Candidate> averaged = left.stream()
                .filter(candidate -> candidate.match.dict().isAveraged())
                .toList();
        List<String> places =
                left.stream().map(candidate -> candidate.match.place()).toList();
        if (averaged.size() == 1) {
            notes.add(
                    "state dicts that fit equally well: " + String.join(", ", places) + "; read the averaged weights, "
                            + averaged.get(0).match.place() + " (another one: --key NAME, in a config train.init.key)");
            return averaged.get(0);
        }
        throw new ConfigError(
                fileOf(file) + ": holds " + places.size() + " state dicts that fit the network equally well: "
                        + String.join(", ", places) + "; choose one with --key NAME (in a config train.init.key)");
    }

    private static String fileOf(StateDict file) {
        int keys = file.path().isEmpty() ? 0 : file.path().length() + 1;
        return file.label().substring(0, file.label().length() - keys);
    }

    /** Without the names that lie behind the prefix of another candidate in the same dictionary. */
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

    private static Result result(Candidate best, List<Candidate> equals, List<String> notes) {
        Scheme scheme = best.scheme;
        List<String> unexpected = new ArrayList<>(unexpected(best, equals));
        Map<String, String> plain = plain(best.match.dict(), scheme);
        Map<String, String> nearer = outer(best, plain);
        KeyMatch match = best.match.with(nearer);
        List<String> outside = best.match.dict().entries().keySet().stream()
                .filter(name -> !match.names().containsValue(name) && !scheme.names.ignores(name))
                .toList();
        if (!nearer.isEmpty()) {
            notes.add("outside of prefix '" + match.prefix() + "': read "
                    + WeightTransfer.shown(List.copyOf(nearer.values())));
        }
        List<String> idle = match.names().keySet().stream()
                .filter(name -> scheme.names.ignores(name) && CheckpointNames.isOfPretraining(name))
                .toList();
        if (!idle.isEmpty()) notes.add("not part of the network, left out: " + WeightTransfer.shown(idle));
        if (!outside.isEmpty()) {
            notes.add("outside of prefix '" + match.prefix() + "': left out " + WeightTransfer.shown(outside));
        }
        return new Result(match, List.copyOf(unexpected), notes);
    }

    /** Parameters without an array behind the prefix that have one of their shape behind a part of it, as many heads have. */
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
