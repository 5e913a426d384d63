package org.vit4j.train;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.analysis.ModelAnatomy;
import org.vit4j.optim.NamePattern;

/** {@code train.freeze}: parameters that are not trained, in all epochs or in some of them. */
public record FreezeSchedule(List<FreezeRule> rules) {
    /** Freezes nothing. */
    static final FreezeSchedule NONE = new FreezeSchedule(List.of());

    private static final String KEY = "freeze";

    public FreezeSchedule {
        rules = List.copyOf(rules);
    }

    /**
     * Parameters that are not trained from {@code fromEpoch} on and before {@code untilEpoch}; epochs are counted from 0.
     *
     * @param untilEpoch first epoch in which they are trained; never if empty
     */
    public record FreezeRule(NamePattern parameters, int fromEpoch, OptionalInt untilEpoch) {
        public FreezeRule {
            Checks.check(fromEpoch >= 0, "from_epoch", fromEpoch, "must be at least 0");
            untilEpoch.ifPresent(
                    until -> Checks.check(until > fromEpoch, "until_epoch", until, "must be above from_epoch"));
        }

        boolean freezes(String parameter, int epoch) {
            return epoch >= fromEpoch && epoch < untilEpoch.orElse(Integer.MAX_VALUE) && parameters.matches(parameter);
        }
    }

    /** Reads patterns, or a list of patterns and of sections {@code {parameters: pattern, until_epoch: 3}}. */
    static Optional<FreezeSchedule> read(Section s) {
        if (!s.has(KEY) || s.isOff(KEY)) return Optional.of(NONE);
        List<FreezeRule> rules = new ArrayList<>();
        if (!s.isListWithSections(KEY)) {
            s.stringsAt(KEY, List.of()).forEach(pattern -> rules.add(always(pattern)));
            return Optional.of(new FreezeSchedule(rules));
        }
        for (Section entry : s.sections(KEY)) readRule(entry).ifPresent(rules::addAll);
        return Optional.of(new FreezeSchedule(rules));
    }

    private static Optional<List<FreezeRule>> readRule(Section s) {
        if (s.has("name")) {
            String pattern = s.stringAt("name"); // a plain word in the list
            return s.build(() -> List.of(always(pattern)));
        }
        List<String> patterns = s.stringsAt("parameters", List.of());
        if (patterns.isEmpty()) s.reject("parameters", "is missing; expected a pattern, such as blocks.0.*");
        int from = s.intAt("from_epoch", 0);
        OptionalInt until = s.has("until_epoch") ? OptionalInt.of(s.intAt("until_epoch")) : OptionalInt.empty();
        return s.build(() -> patterns.stream()
                .map(pattern -> new FreezeRule(new NamePattern(pattern), from, until))
                .toList());
    }

    private static FreezeRule always(String pattern) {
        return new FreezeRule(new NamePattern(pattern), 0, OptionalInt.empty());
    }

    /** Returns true if no rule freezes the parameter in the epoch, counted from 0. */
    boolean isTrainable(String parameter, int epoch) {
        return rules.stream().noneMatch(rule -> rule.freezes(parameter, epoch));
    }

    /** Epochs in which rules begin or end to apply. */
    IntStream boundaries() {
        return rules.stream()
                .flatMapToInt(rule -> IntStream.concat(IntStream.of(rule.fromEpoch), rule.untilEpoch.stream()));
    }

    /**
     * Describes a pattern that matches nothing, or an epoch without trainable parameters; empty if there is none.
     *
     * @param headEpochs number of initial epochs that train only the head
     */
    public Optional<String> problem(Graph graph, int epochs, int headEpochs) {
        Collection<Parameter> parameters = graph.parameters();
        List<NamePattern> patterns = rules.stream().map(FreezeRule::parameters).toList();
        Optional<String> unmatched = NamePattern.unmatched(patterns, parameters);
        if (unmatched.isPresent()) return unmatched;
        TreeSet<Integer> starts = new TreeSet<>(List.of(0));
        IntStream.concat(boundaries(), IntStream.of(headEpochs))
                .filter(epoch -> epoch < epochs)
                .forEach(starts::add);
        Set<String> heads = ModelAnatomy.heads(graph);
        for (int epoch : starts) {
            boolean headOnly = epoch < headEpochs;
            boolean any = parameters.stream()
                    .filter(w -> w.role().trainable() && (!headOnly || heads.contains(w.name())))
                    .anyMatch(w -> isTrainable(w.name(), epoch));
            if (any) continue;
            return Optional.of("leaves no trainable parameter" + (epoch == 0 && !headOnly ? "" : " in epoch " + epoch)
                    + (headOnly ? ", which trains only the head (init.head_epochs)" : ""));
        }
        return Optional.empty();
    }
}
