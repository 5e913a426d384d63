package org.vit4j.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
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

    /** Adjacent ranges with the same value, merged so that one operation updates them. */
    record ParamSpan(long from, long to, double value) {
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

    List<ParamSpan> spans(ToDoubleFunction<ParamRange> value) {
        List<ParamSpan> spans = new ArrayList<>();
        for (ParamRange range : ranges) {
            double v = value.applyAsDouble(range);
            int last = spans.size() - 1;
            ParamSpan span = new ParamSpan(range.from(), range.from() + range.size(), v);
            if (last >= 0
                    && spans.get(last).to() == range.from()
                    && spans.get(last).value() == v) {
                span = new ParamSpan(spans.get(last).from(), span.to(), v);
                spans.set(last, span);
            } else {
                spans.add(span);
            }
        }
        return spans;
    }
}
