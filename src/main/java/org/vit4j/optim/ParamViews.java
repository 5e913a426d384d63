package org.vit4j.optim;

import java.util.IdentityHashMap;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Spans cut out of flat arrays. The views are kept: parameters, gradient and moments are the same arrays in every step,
 * and a step that makes hundreds of views leaves as much for the garbage collector.
 */
final class ParamViews {
    private final List<ParamGroups.ParamSpan> spans;
    private final IdentityHashMap<INDArray, List<INDArray>> views = new IdentityHashMap<>();

    ParamViews(List<ParamGroups.ParamSpan> spans) {
        this.spans = spans;
    }

    int size() {
        return spans.size();
    }

    double value(int span) {
        return spans.get(span).value();
    }

    /** A view per span, in order; changing them changes the array. */
    List<INDArray> of(INDArray flat) {
        return views.computeIfAbsent(
                flat, array -> spans.stream().map(span -> span.of(array)).toList());
    }
}
