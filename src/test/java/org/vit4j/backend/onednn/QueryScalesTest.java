package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.run.RunConfig;

/** Factors of attention scores that move to the layer before them. */
class QueryScalesTest {
    private final Graph graph =
            RunConfig.open("digits-vit", List.of("model.depth=1")).model().graph();
    private final Map<Tensor, List<Tensor>> consumers = new HashMap<>();
    private final Tensor scores = graph.tensors().stream()
            .filter(t -> t.op() instanceof AttentionOp.AttentionScores)
            .findFirst()
            .orElseThrow();
    private final double scale = ((AttentionOp.AttentionScores) scores.op()).scale();
    private final Tensor queries = scores.input();
    private final Tensor projection = queries.input();

    QueryScalesTest() {
        for (Tensor t : graph.tensors())
            for (Tensor in : t.inputs())
                consumers.computeIfAbsent(in, any -> new ArrayList<>()).add(t);
    }

    @Test
    void factorMovesToTheColumnsOfTheQueries() {
        QueryScales scales = new QueryScales();
        scales.move(scores, consumers, Set.of());
        assertThat(scales.remaining(scores)).isEqualTo(1);
        float[] columns = scales.columns(projection);
        assertThat(columns).hasSize(projection.shape().last());
        int width = columns.length / 3;
        for (int i = 0; i < columns.length; i++) assertThat(columns[i]).isEqualTo(i < width ? (float) scale : 1f);
    }

    @Test
    void factorStaysIfQueriesOrTheirProjectionAreRequestedOrHaveOtherReaders() {
        for (Tensor requested : List.of(queries, projection)) {
            QueryScales scales = new QueryScales();
            scales.move(scores, consumers, Set.of(requested));
            assertThat(scales.remaining(scores)).isEqualTo(scale);
            assertThat(scales.columns(projection)).isNull();
        }
        consumers.get(queries).add(scores);
        QueryScales scales = new QueryScales();
        scales.move(scores, consumers, Set.of());
        assertThat(scales.remaining(scores)).isEqualTo(scale);
    }
}
