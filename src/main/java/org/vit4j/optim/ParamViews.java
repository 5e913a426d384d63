package org.vit4j.optim;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.backend.FlatArray;

/**
 * Cached views of spans of flat arrays. Parameters, gradient and moments are the same arrays in every step, so caching
 * avoids creating hundreds of views per step.
 */
final class ParamViews {
    private final List<ParamGroups.ParamSpan> spans;
    private final Map<FlatArray, List<FlatArray>> views = new HashMap<>();

    ParamViews(List<ParamGroups.ParamSpan> spans) {
        this.spans = spans;
    }

    int size() {
        return spans.size();
    }

    ParamGroups.ParamSettings settings(int span) {
        return spans.get(span).settings();
    }

    /** One view per span, in order. */
    List<FlatArray> of(FlatArray flat) {
        return views.computeIfAbsent(
                flat, array -> spans.stream().map(span -> span.of(array)).toList());
    }
}
