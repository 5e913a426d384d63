package org.vit4j.train.optimizer;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.graph.Weight;
import org.vit4j.samediff.Parameters;

/**
 * How the elements of a flat array are treated: a slice a weight, in order. What no slice covers stays as it is; that is
 * how weights are frozen.
 */
public record Slices(List<Slice> all) {
    public Slices {
        all = List.copyOf(all);
    }

    /** Neighbours that are treated alike, so that one operation does for them. */
    record Span(long from, long to, double value) {
        /** That part of an array laid out alike; changing it changes the array. */
        INDArray of(INDArray flat) {
            if (from == 0 && to == flat.length()) return flat;
            return flat.get(NDArrayIndex.interval(from, to));
        }
    }

    /** How one weight is treated. */
    public record Treatment(double lrScale, double weightDecay) {}

    /** All weights at the full rate; decay for those whose role has it. */
    public static Slices of(Parameters parameters, double weightDecay) {
        return of(
                parameters,
                weight -> true,
                weight -> new Treatment(1, weight.role().decayed() ? weightDecay : 0));
    }

    public static Slices of(Parameters parameters, Predicate<String> trains, Function<Weight, Treatment> treatment) {
        List<Slice> slices = new ArrayList<>();
        parameters.offsets().forEach((name, from) -> {
            if (!trains.test(name)) return;
            Weight weight = parameters.weight(name);
            Treatment how = treatment.apply(weight);
            slices.add(new Slice(name, from, weight.size(), how.lrScale(), how.weightDecay()));
        });
        return new Slices(slices);
    }

    List<Span> spans(ToDoubleFunction<Slice> value) {
        List<Span> spans = new ArrayList<>();
        for (Slice slice : all) {
            double v = value.applyAsDouble(slice);
            int last = spans.size() - 1;
            Span span = new Span(slice.from(), slice.from() + slice.size(), v);
            if (last >= 0
                    && spans.get(last).to() == slice.from()
                    && spans.get(last).value() == v) {
                span = new Span(spans.get(last).from(), span.to(), v);
                spans.set(last, span);
            } else {
                spans.add(span);
            }
        }
        return spans;
    }
}
