package org.vit4j.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Parameter;

/**
 * Optimizer settings for the elements of a flat array: one range per parameter, in order. Elements outside all ranges
 * are not updated, which is how parameters are frozen.
 */
public record ParamGroups(List<ParamRange> ranges) {
    public ParamGroups {
        ranges = List.copyOf(ranges);
    }

    /** Adjacent ranges with the same settings, merged so that one operation updates them. */
    record ParamSpan(long from, long to, ParamSettings settings) {
        /** View of the span in an array with the same layout. */
        FlatArray of(FlatArray flat) {
            return flat.range(from, to);
        }
    }

    /** Settings of one parameter. */
    public record ParamSettings(double lrScale, double weightDecay) {}

    /** Full learning rate for all parameters; weight decay for those whose role is decayed. */
    public static ParamGroups of(ParameterStore parameters, double weightDecay) {
        return of(
                parameters,
                name -> true,
                parameter -> new ParamSettings(1, parameter.role().decayed() ? weightDecay : 0));
    }

    public static ParamGroups of(
            ParameterStore parameters, Predicate<String> trainable, Function<Parameter, ParamSettings> settings) {
        List<ParamRange> ranges = new ArrayList<>();
        parameters.offsets().forEach((name, from) -> {
            if (!trainable.test(name)) return;
            Parameter parameter = parameters.parameter(name);
            ParamSettings own = settings.apply(parameter);
            ranges.add(new ParamRange(name, from, parameter.size(), own.lrScale(), own.weightDecay()));
        });
        return new ParamGroups(ranges);
    }

    List<ParamSpan> spans() {
        List<ParamSpan> spans = new ArrayList<>();
        for (ParamRange range : ranges) {
            ParamSpan next = range.span();
            ParamSpan last = spans.isEmpty() ? null : spans.get(spans.size() - 1);
            if (last != null && last.to() == next.from() && last.settings().equals(next.settings()))
                spans.set(spans.size() - 1, new ParamSpan(last.from(), next.to(), next.settings()));
            else spans.add(next);
        }
        return spans;
    }
}
