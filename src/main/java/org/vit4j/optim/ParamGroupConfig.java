package org.vit4j.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;

/**
 * Layer-wise learning rate decay and parameter groups with their own settings.
 *
 * @param layerDecay learning rate of a layer relative to the next one, see {@link LayerDepths}
 * @param groups rules by name; the first rule that matches a parameter applies
 */
public record ParamGroupConfig(OptionalDouble layerDecay, List<ParamGroupRule> groups) {
    public ParamGroupConfig {
        groups = List.copyOf(groups);
        if (layerDecay.isPresent()) {
            double decay = layerDecay.getAsDouble();
            Checks.check(decay > 0 && decay <= 1, "layer_decay", decay, "must be in (0, 1]");
        }
    }

    /** @param weightDecay replaces the default of the parameter's role, also for biases */
    public record ParamGroupRule(NamePattern match, OptionalDouble weightDecay, double lrScale) {
        public ParamGroupRule {
            weightDecay.ifPresent(decay -> Checks.nonNegative("weight_decay", decay));
            Checks.nonNegative("lr_scale", lrScale);
        }

        private static Optional<ParamGroupRule> read(Section s) {
            String match = s.stringAt("match");
            OptionalDouble decay = s.optionalDouble("weight_decay");
            double scale = s.doubleAt("lr_scale", 1);
            return s.build(() -> new ParamGroupRule(new NamePattern(match), decay, scale));
        }
    }

    /** Reads {@code layer_decay} and {@code groups} from the optimizer's section. */
    public static Optional<ParamGroupConfig> read(Section s) {
        OptionalDouble layerDecay = s.optionalDouble("layer_decay");
        List<ParamGroupRule> groups = new ArrayList<>();
        for (Section group : s.sections("groups")) ParamGroupRule.read(group).ifPresent(groups::add);
        try {
            return Optional.of(new ParamGroupConfig(layerDecay, groups));
        } catch (IllegalArgumentException rule) {
            s.reject("layer_decay", rule.getMessage());
            return Optional.empty();
        }
    }

    /** Describes the first group that matches no parameter of the network; empty if every group matches one. */
    public Optional<String> unmatchedPattern(Graph graph) {
        List<NamePattern> patterns = groups.stream().map(ParamGroupRule::match).toList();
        return NamePattern.unmatched(patterns, graph.parameters());
    }

    /** @param trainable selects the parameters that are trained, by name */
    public ParamGroups paramGroups(
            Graph graph, ParameterStore parameters, double weightDecay, Predicate<String> trainable) {
        Map<String, Integer> depths = layerDecay.isPresent() ? LayerDepths.of(graph) : Map.of();
        int deepest = depths.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        return ParamGroups.of(parameters, trainable, parameter -> {
            int layersAbove = deepest - depths.getOrDefault(parameter.name(), deepest);
            double scale = Math.pow(layerDecay.orElse(1), layersAbove);
            return settings(parameter, weightDecay, scale);
        });
    }

    private ParamGroups.ParamSettings settings(Parameter parameter, double weightDecay, double scale) {
        double defaultDecay = parameter.role().decayed() ? weightDecay : 0;
        for (ParamGroupRule group : groups) {
            if (!group.match().matches(parameter.name())) continue;
            return new ParamGroups.ParamSettings(
                    scale * group.lrScale(), group.weightDecay().orElse(defaultDecay));
        }
        return new ParamGroups.ParamSettings(scale, defaultDecay);
    }
}
