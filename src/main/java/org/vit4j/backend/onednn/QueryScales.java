package org.vit4j.backend.onednn;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Tensor;

/**
 * Factors of attention scores that the dense layer before them applies to the queries, before it rounds them to bfloat16.
 * A product of bfloat16 that has nothing else to do with its result stores it in half of the time.
 */
final class QueryScales {
    private final Map<Tensor, float[]> columns = new HashMap<>();
    private final Set<Tensor> scaled = new HashSet<>();

    /**
     * Moves the factor of scores to the layer that projects the queries, if the queries have no other reader.
     *
     * @param consumers tensors computed from a tensor
     * @param requested tensors that callers read
     */
    void move(Tensor scores, Map<Tensor, List<Tensor>> consumers, Set<Tensor> requested) {
        Tensor queries = scores.input();
        if (!(queries.op() instanceof LayoutOp.SplitHeads split)) return;
        Tensor projection = queries.input();
        boolean dense =
                projection.op() instanceof LinearOp.Dense && projection.shape().rank() == 2;
        boolean read = requested.contains(queries) || requested.contains(projection);
        if (!dense || read || consumers.get(queries).size() > 1) return;
        for (Tensor other : consumers.get(projection)) {
            boolean apart = other.op() instanceof LayoutOp.SplitHeads part
                    && part.parts() == split.parts()
                    && part.part() != split.part();
            if (other != queries && !apart) return;
        }
        float[] factors = columns.computeIfAbsent(
                projection, any -> ones(projection.shape().last()));
        int width = factors.length / split.parts();
        Arrays.fill(factors, split.part() * width, (split.part() + 1) * width, (float) scale(scores));
        scaled.add(scores);
    }

    private static float[] ones(int count) {
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static double scale(Tensor scores) {
        return ((AttentionOp.AttentionScores) scores.op()).scale();
    }

    /** The factor that remains for the product of queries and keys. */
    double remaining(Tensor scores) {
        return scaled.contains(scores) ? 1 : scale(scores);
    }

    /** Factors of the columns of a dense layer; null if it has none. */
    float[] columns(Tensor projection) {
        return columns.get(projection);
    }
}
