package org.vit4j.train.optimizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Weight;
import org.vit4j.samediff.Parameters;

/**
 * Weights that are not treated like the rest.
 *
 * @param layerDecay each layer learns at this share of the rate of the one above it, see {@link LayerDepths}
 * @param groups by name; the first that matches a weight counts
 */
public record Groups(OptionalDouble layerDecay, List<Group> groups) {
    public Groups {
        groups = List.copyOf(groups);
        if (layerDecay.isPresent()) {
            double decay = layerDecay.getAsDouble();
            Optimizer.check(decay > 0 && decay <= 1, "layer_decay (%s) must be above 0 and at most 1", decay);
        }
    }

    /** @param weightDecay instead of what the weight's role says, for biases too */
    public record Group(Glob match, OptionalDouble weightDecay, double lrScale) {
        public Group {
            weightDecay.ifPresent(decay -> Optimizer.check(decay >= 0, "weight_decay (%s) must be at least 0", decay));
            Optimizer.check(lrScale >= 0, "lr_scale (%s) must be at least 0", lrScale);
        }

        private static Optional<Group> read(Section s) {
            String match = s.stringAt("match");
            OptionalDouble decay = s.doubleIf("weight_decay");
            double scale = s.doubleAt("lr_scale", 1);
            return s.build(() -> new Group(new Glob(match), decay, scale));
        }
    }

    /** Reads {@code layer_decay} and {@code groups} out of the optimizer's section. */
    public static Optional<Groups> read(Section s) {
        OptionalDouble layerDecay = s.doubleIf("layer_decay");
        List<Group> groups = new ArrayList<>();
        for (Section below : s.sections("groups")) Group.read(below).ifPresent(groups::add);
        try {
            return Optional.of(new Groups(layerDecay, groups));
        } catch (IllegalArgumentException rule) {
            s.reject("layer_decay", rule.getMessage());
            return Optional.empty();
        }
    }

    /** What is wrong with a group for this network, if anything. */
    public Optional<String> misfit(Graph graph) {
        List<Glob> globs = groups.stream().map(Group::match).toList();
        return Glob.unmatched(globs, graph.weights());
    }

    /** @param trains whether a weight takes part at all */
    public Slices slices(Graph graph, Parameters parameters, double weightDecay, Predicate<String> trains) {
        Map<String, Integer> depths = layerDecay.isPresent() ? LayerDepths.of(graph) : Map.of();
        int deepest = depths.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        return Slices.of(parameters, trains, weight -> {
            int below = deepest - depths.getOrDefault(weight.name(), deepest);
            double scale = Math.pow(layerDecay.orElse(1), below);
            return treatment(weight, weightDecay, scale);
        });
    }

    private Slices.Treatment treatment(Weight weight, double weightDecay, double scale) {
        double usual = weight.role().decayed() ? weightDecay : 0;
        for (Group group : groups) {
            if (!group.match().matches(weight.name())) continue;
            return new Slices.Treatment(
                    scale * group.lrScale(), group.weightDecay().orElse(usual));
        }
        return new Slices.Treatment(scale, usual);
    }
}
