package org.vit4j.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Parameter;

/**
 * How the elements of a flat array are treated: a slice a weight, in order. What no slice covers stays as it is; that is
 * how weights are frozen.
 */
public record ParamGroups(List<ParamRange> all) {
    public ParamGroups {
        all = List.copyOf(all);
    }

    /** Neighbors that are treated alike, so that one operation does for them. */
    record ParamSpan(long from, long to, double value) {
        /** That part of an array laid out alike; changing it changes the array. */
        INDArray of(INDArray flat) {
            if (from == 0 && to == flat.length()) return flat;
            return flat.get(NDArrayIndex.interval(from, to));
        }
    }

    /** How one weight is treated. */
    public record ParamSettings(double lrScale, double weightDecay) {}

    /** All weights at the full rate; decay for those whose role has it. */
    public static ParamGroups of(ParameterStore parameters, double weightDecay) {
        return of(
                parameters,
                weight -> true,
                weight -> new ParamSettings(1, weight.role().decayed() ? weightDecay : 0));
    }

    public static ParamGroups of(
            ParameterStore parameters, Predicate<String> trains, Function<Parameter, ParamSettings> treatment) {
        List<ParamRange> slices = new ArrayList<>();
        parameters.offsets().forEach((name, from) -> {
            if (!trains.test(name)) return;
            Parameter weight = parameters.parameter(name);
            ParamSettings how = treatment.apply(weight);
            slices.add(new ParamRange(name, from, weight.size(), how.lrScale(), how.weightDecay()));
        });
        return new ParamGroups(slices);
    }

    List<ParamSpan> spans(ToDoubleFunction<ParamRange> value) {
        List<ParamSpan> spans = new ArrayList<>();
        for (ParamRange slice : all) {
            double v = value.applyAsDouble(slice);
            int last = spans.size() - 1;
            ParamSpan span = new ParamSpan(slice.from(), slice.from() + slice.size(), v);
            if (last >= 0
                    && spans.get(last).to() == slice.from()
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
