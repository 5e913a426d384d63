package org.vit4j.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.graph.analysis.LogitDependence;
import org.vit4j.graph.analysis.SpatialMap;
import org.vit4j.graph.analysis.TokenGrid;

/** Checks attention rollout, distance and similarity against manually computed values. */
class AttentionMathTest {
    /** Two cells in a row, 8 pixels between their centers. */
    private static final TokenGrid PAIR =
            new TokenGrid(0, new TokenGrid.GridAxis(1, 4, 8), new TokenGrid.GridAxis(2, 4, 8), 0);

    private static INDArray maps(int heads, int queries, int keys, double... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) floats[i] = (float) values[i];
        return Nd4j.createFromArray(floats).reshape('c', 1, heads, queries, keys);
    }

    @Test
    void distanceIsTheMeanOverKeysWeightedByAttention() {
        // Head 0: 0.75 * 8 and 1 * 8, mean 7. In head 1 each token attends to itself.
        INDArray maps = maps(2, 2, 2, 0.25, 0.75, 1, 0, 1, 0, 0, 1);
        assertThat(AttentionDistance.perHead(maps, PAIR, PAIR)).containsExactly(new double[] {7, 0}, within(1e-6));
        assertThat(AttentionDistance.uniform(PAIR, PAIR)).isEqualTo(4);
    }

    @Test
    void distanceIgnoresClassTokens() {
        TokenGrid cells = new TokenGrid(1, PAIR.rows(), PAIR.columns(), 0);
        // Each row has 1/2 for the class token; of the rest, 1/2 and 1/5 are 8 pixels away: mean 2.8.
        INDArray maps = maps(1, 3, 3, 0.1, 0.1, 0.8, 0.5, 0.25, 0.25, 0.5, 0.1, 0.4);
        assertThat(AttentionDistance.perHead(maps, cells, cells)).containsExactly(new double[] {2.8}, within(1e-6));
    }

    @Test
    void distanceToPooledKeysUsesTheCenterOfTheirWindow() {
        TokenGrid one = new TokenGrid(
                0, new TokenGrid.GridAxis(1, 4, 8), new TokenGrid.GridAxis(1, 8, 16), 0); // halfway between the two
        assertThat(AttentionDistance.perHead(maps(1, 2, 1, 1, 1), PAIR, one))
                .containsExactly(new double[] {4}, within(1e-6));
    }

    @Test
    void similarityIsTheMeanCosineOfColumns() {
        INDArray a = maps(1, 2, 2, 1, 0, 0, 1);
        INDArray b = maps(1, 2, 2, 1, 1, 0, 1);
        assertThat(MapSimilarity.meanCosine(a, a)).isEqualTo(1, within(1e-7));
        // Columns (1, 0) and (1, 0): 1; (0, 1) and (1, 1): 1 / sqrt 2.
        assertThat(MapSimilarity.meanCosine(a, b)).isEqualTo((1 + Math.sqrt(0.5)) / 2, within(1e-7));
    }

    /** Builds two residual attention blocks over two cells of an image, optionally with a class token. */
    private static Graph twoBlocks(boolean classToken) {
        Graph g = new Graph(Init.TIMM);
        Tensor image = g.input("image", 2, 4, 1);
        Tensor x = g.reshape("flat", g.conv2d("embed", image, 2, Window.square(2, 2, 0), 1, true), 2, 2);
        if (classToken) x = g.concat("tokens", 0, g.learnedTokens("cls", x, 1, Init.ZEROS), x);
        for (int i = 0; i < 2; i++) {
            Graph b = g.scope("" + i);
            Tensor qkv = b.dense("qkv", x, 6);
            Tensor scores = b.scores("scores", b.splitHeads("q", qkv, 1, 0, 3), b.splitHeads("k", qkv, 1, 1, 3), 1);
            Tensor context = b.weightedSum("context", b.softmax("probs", scores), b.splitHeads("v", qkv, 1, 2, 3));
            x = b.add("add", x, b.dense("proj", b.mergeHeads("merged", context), 2));
        }
        Tensor features =
                classToken ? g.reshape("features", g.slice("first", x, 0, 0, 1), 2) : g.mean("features", x, 0);
        g.output("logits", g.dense("head", features, 3));
        return g;
    }

    private static HeatMap rollout(Graph graph, INDArray first, INDArray second) {
        return rollout(graph, first, second, RolloutOptions.PAPER);
    }

    private static HeatMap rollout(Graph graph, INDArray first, INDArray second, RolloutOptions options) {
        var maps =
                Map.of("0.probs", FusedHeads.of(first, options, true), "1.probs", FusedHeads.of(second, options, true));
        return Rollout.heatMap(Rollout.of(graph, maps, options.keepsRowSums()));
    }

    @Test
    void rolloutOfMaximumOrMinimumDividesByTheRowSums() {
        INDArray first = maps(2, 3, 3, 0, 0.5, 0.5, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1);
        INDArray second = maps(1, 3, 3, 0, 1, 0, 0, 0, 1, 0, 0, 1);
        // Row 0 of the second block is (1/2, 1/2, 0). Maximum: rows 0 and 1 of A1 + I are (1, 1/2, 1) / 2.5 and (0, 1,
        // 0).
        HeatMap max = rollout(twoBlocks(true), first, second, new RolloutOptions(HeadFusion.MAX, 0));
        assertThat(max.values()[0]).containsExactly(new double[] {0.6, 0.2}, within(1e-6));
        // Minimum: row 0 is (1, 0, 1/2) / 1.5.
        HeatMap min = rollout(twoBlocks(true), first, second, new RolloutOptions(HeadFusion.MIN, 0));
        assertThat(min.values()[0]).containsExactly(new double[] {0.5, 1 / 6.0}, within(1e-6));
    }

    @Test
    void discardRemovesTheSmallestValuesButNotTheClassTokensOwn() {
        INDArray map = maps(1, 2, 2, 0.1, 0.9, 0.3, 0.7);
        RolloutOptions half = new RolloutOptions(HeadFusion.MEAN, 0.5);
        assertThat(FusedHeads.of(map, half, true).shares()).containsExactly(new float[] {0.1f, 0.9f, 0, 0.7f});
        assertThat(FusedHeads.of(map, half, false).shares()).containsExactly(new float[] {0, 0.9f, 0, 0.7f});
        INDArray equal = maps(1, 2, 2, 0.5, 0.5, 0.5, 0.5);
        assertThat(FusedHeads.of(equal, half, false).shares()).containsExactly(new float[] {0, 0, 0.5f, 0.5f});
    }

    @Test
    void rolloutWithClassTokenIsItsRowOfTheProductOfBlockMatrices() {
        INDArray first = maps(1, 3, 3, 0, 0.5, 0.5, 0, 1, 0, 1, 0, 0);
        INDArray second = maps(1, 3, 3, 0, 1, 0, 0, 0, 1, 0, 0, 1);
        // Row 0 of (I + A2) / 2 is (1/2, 1/2, 0). Rows 0 and 1 of (I + A1) / 2 are (1/2, 1/4, 1/4) and (0, 1, 0).
        // The product is (1/4, 5/8, 1/8); the first entry belongs to the class token, which has no position.
        HeatMap heat = rollout(twoBlocks(true), first, second);
        assertThat(heat.values()[0]).containsExactly(new double[] {0.625, 0.125}, within(1e-6));
    }

    @Test
    void rolloutWithoutClassTokenIsTheMeanOverTokens() {
        INDArray first = maps(1, 2, 2, 0, 1, 0, 1);
        INDArray second = maps(1, 2, 2, 1, 0, 1, 0);
        // (I + A2) / 2 = [[1, 0], [1/2, 1/2]], (I + A1) / 2 = [[1/2, 1/2], [0, 1]]: rows (1/2, 1/2) and (1/4, 3/4).
        HeatMap heat = rollout(twoBlocks(false), first, second);
        assertThat(heat.values()[0]).containsExactly(new double[] {0.375, 0.625}, within(1e-6));
    }

    /** A class token is added between two attention blocks, as in CaiT and CvT. */
    private static Graph lateClassToken() {
        Graph g = new Graph(Init.TIMM);
        Tensor image = g.input("image", 2, 4, 1);
        Tensor x = g.reshape("flat", g.conv2d("embed", image, 2, Window.square(2, 2, 0), 1, true), 2, 2);
        x = attention(g.scope("0"), x);
        x = attention(g.scope("1"), g.concat("tokens", 0, g.learnedTokens("cls", x, 1, Init.ZEROS), x));
        g.output("logits", g.dense("head", g.reshape("features", g.slice("first", x, 0, 0, 1), 2), 3));
        return g;
    }

    private static Tensor attention(Graph g, Tensor x) {
        Tensor qkv = g.dense("qkv", x, 6);
        Tensor scores = g.scores("scores", g.splitHeads("q", qkv, 1, 0, 3), g.splitHeads("k", qkv, 1, 1, 3), 1);
        Tensor context = g.weightedSum("context", g.softmax("probs", scores), g.splitHeads("v", qkv, 1, 2, 3));
        return g.add("add", x, g.mergeHeads("merged", context));
    }

    @Test
    void rolloutTreatsATokenAddedAfterTheFirstBlockAsASource() {
        INDArray first = maps(1, 2, 2, 0, 1, 0, 1);
        INDArray second = maps(1, 3, 3, 0, 0.5, 0.5, 1, 0, 0, 1, 0, 0);
        // Row 0 of (I + A2) / 2 is (1/2, 1/4, 1/4): half stays with the class token, which has no position. The rows of
        // (I + A1) / 2 are (1/2, 1/2) and (0, 1).
        HeatMap heat = rollout(lateClassToken(), first, second);
        assertThat(heat.values()[0]).containsExactly(new double[] {0.125, 0.375}, within(1e-6));
    }

    @Test
    void tensorsThatOnlyGiveTheWidthOfATokenDoNotAffectTheLogits() {
        Graph g = new Graph(Init.TIMM);
        Tensor image = g.input("image", 2, 4, 1);
        Tensor unused = g.reshape("unused", g.conv2d("embed", image, 2, Window.square(2, 2, 0), 1, true), 2, 2);
        Tensor token = g.learnedTokens("cls", unused, 1, Init.ZEROS);
        g.output("logits", g.dense("head", g.reshape("features", token, 2), 3));
        assertThat(LogitDependence.spatial(g, SpatialMap.of(g))).isEmpty();
    }

    @Test
    void headMeanNormalizesRowsToOne() {
        Rollout.AttentionMaps mean = FusedHeads.of(maps(2, 1, 2, 1, 3, -2, 2), RolloutOptions.PAPER, false);
        assertThat(mean.shares()).containsExactly(new float[] {0.375f, 0.625f}, within(1e-6f));
    }

    @Test
    void onlyUsedGridCellsAffectTheLogits() {
        Stream<String> sums = LogitDependence.spatial(twoBlocks(true), SpatialMap.of(twoBlocks(true))).stream()
                .filter(t -> t.op() instanceof ArithmeticOp.Add)
                .map(Tensor::name);
        assertThat(sums).containsExactly("0.add"); // the head reads only the class token of the last block
    }
}
