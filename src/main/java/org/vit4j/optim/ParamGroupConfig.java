package org.vit4j.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;

/**
 * Weights that are not treated like the rest.
 *
 * @param layerDecay each layer learns at this share of the rate of the one above it, see {@link LayerDepths}
 * @param groups by name; the first that matches a weight counts
 */
public record ParamGroupConfig(OptionalDouble layerDecay, List<ParamGroupRule> groups) {
    public ParamGroupConfig {
        groups = List.copyOf(groups);
        if (layerDecay.isPresent()) {
            double decay = layerDecay.getAsDouble();
            Optimizer.check(decay > 0 && decay <= 1, "layer_decay (%s) must be above 0 and at most 1", decay);
        }
    }

    /** @param weightDecay instead of what the weight's role says, for biases too */
    public record ParamGroupRule(NamePattern match, OptionalDouble weightDecay, double lrScale) {
        public ParamGroupRule {
            weightDecay.ifPresent(decay -> Optimizer.check(decay >= 0, "weight_decay (%s) must be at least 0", decay));
            Optimizer.check(lrScale >= 0, "lr_scale (%s) must be at least 0", lrScale);
        }

        private static Optional<ParamGroupRule> read(Section s) {
            String match = s.stringAt("match");
            OptionalDouble decay = s.optionalDouble("weight_decay");
            double scale = s.doubleAt("lr_scale", 1);
            return s.build(() -> new ParamGroupRule(new NamePattern(match), decay, scale));
        }
    }

    /** Reads {@code layer_decay} and {@code groups} out of the optimizer's section. */
    public static Optional<ParamGroupConfig> read(Section s) {
        OptionalDouble layerDecay = s.optionalDouble("layer_decay");
        List<ParamGroupRule> groups = new ArrayList<>();
        for (Section below : s.sections("groups")) ParamGroupRule.read(below).ifPresent(groups::add);
        try {
            return Optional.of(new ParamGroupConfig(layerDecay, groups));
        } catch (IllegalArgumentException rule) {
            s.reject("layer_decay", rule.getMessage());
            return Optional.empty();
        }
    }

    /** What is wrong with a group for this network, if anything. */
    public Optional<String> misfit(Graph graph) {
        List<NamePattern> globs = groups.stream().map(ParamGroupRule::match).toList();
        return NamePattern.unmatched(globs, graph.parameters());
    }

    /** @param trains whether a weight takes part at all */
    public ParamGroups slices(Graph graph, ParameterStore parameters, double weightDecay, Predicate<String> trains) {
        Map<String, Integer> depths = layerDecay.isPresent() ? LayerDepths.of(graph) : Map.of();
        int deepest = depths.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        return ParamGroups.of(parameters, trains, weight -> {
            int below = deepest - depths.getOrDefault(weight.name(), deepest);
            double scale = Math.pow(layerDecay.orElse(1), below);
            return treatment(weight, weightDecay, scale);
        });
    }

    private ParamGroups.ParamSettings treatment(Parameter weight, double weightDecay, double scale) {
        double usual = weight.role().decayed() ? weightDecay : 0;
        for (ParamGroupRule group : groups) {
            if (!group.match().matches(weight.name())) continue;
            return new ParamGroups.ParamSettings(
                    scale * group.lrScale(), group.weightDecay().orElse(usual));
        }
        return new ParamGroups.ParamSettings(scale, usual);
    }
}
