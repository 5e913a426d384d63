package org.vit4j.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.TalkingHeads.Mixing;
import org.vit4j.layers.TalkingHeads.Products;

/** Properties of layers that follow from their equations, on random weights. */
@Tag("slow")
class LayerPropertiesTest {
    /** float32 arithmetic in another order. */
    private static final double TOLERANCE = 1e-5;

    private static final int T = 5, D = 8, H = 2;
    private static final int[] ORDER = {3, 0, 4, 1, 2};

    private static final Attention ATTENTION =
            new Attention(H, D / H, 1 / Math.sqrt(4), true, OptionalDouble.empty(), true, 0, 0);
    private static final Mlp MLP = new Mlp(3 * D, Activation.GELU, 0);

    private static TalkingHeads talkingHeads(Optional<Mixing> mixing) {
        return new TalkingHeads(new AttentionHeads(H, D / H), Products.QKV, true, mixing, 0, 0);
    }

    static Stream<Arguments> tokenLayers() {
        Map<String, BiFunction<Graph, Tensor, Tensor>> layers = Map.of(
                "Attention", ATTENTION::build,
                "Attention with norms of queries and keys", ATTENTION.withQkNorm(OptionalDouble.of(1e-6))::build,
                "TalkingHeads",
                        (g, x) -> talkingHeads(Optional.of(new Mixing(true, new Init.NormalInit(1))))
                                .build(g, x, x),
                "CrossAttention", (g, x) -> new CrossAttention(H, D / H, true, 0, 0).build(g, x, x),
                "FusedKvCrossAttention", (g, x) -> new FusedKvCrossAttention(H, 3, 0).build(g, x, x),
                "TransformerBlock", (g, x) -> new TransformerBlock(ATTENTION, MLP, PreNorm.plain(1e-6)).build(g, x, 0));
        return layers.entrySet().stream().map(layer -> Arguments.of(layer.getKey(), layer.getValue()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tokenLayers")
    void permutedTokensGivePermutedOutputs(String name, BiFunction<Graph, Tensor, Tensor> build) {
        BuiltLayer layer = new BuiltLayer(build, T, D);
        INDArray x = BuiltLayer.random(T, D);
        assertClose(layer.run(x.getRows(ORDER)), layer.run(x).getRows(ORDER));
    }

    @Test
    void zeroQueriesGiveEveryTokenTheMeanOfTheValues() {
        BuiltLayer layer = new BuiltLayer((g, x) -> new CrossAttention(H, D / H, true, 0, 0).build(g, x, x), T, D)
                .fill("wq.kernel", 0)
                .fill("wq.bias", 0)
                .set("wv.kernel", Nd4j.eye(D))
                .fill("wv.bias", 0);
        INDArray x = BuiltLayer.random(T, D);
        INDArray means = Nd4j.vstack(Collections.nCopies(T, x.mean(0).reshape(1, D)));
        assertClose(layer.tensor("merged", x), means);
    }

    @Test
    void talkingHeadsWithIdentityMatricesArePlainAttention() {
        BuiltLayer plain =
                new BuiltLayer((g, x) -> talkingHeads(Optional.empty()).build(g, x, x), T, D);
        BuiltLayer talking = new BuiltLayer(
                        (g, x) -> talkingHeads(Optional.of(new Mixing(false, Init.ZEROS)))
                                .build(g, x, x),
                        T,
                        D)
                .copyFrom(plain);
        for (String matrix : List.of("proj_l.kernel", "proj_w.kernel")) talking.set(matrix, Nd4j.eye(H));
        INDArray x = BuiltLayer.random(T, D);
        assertClose(talking.run(x), plain.run(x));
    }

    @Test
    void layerScaleOfZeroMakesABlockTheIdentity() {
        PreNorm norm = new PreNorm(1e-6, OptionalDouble.of(0));
        BuiltLayer block = new BuiltLayer((g, x) -> new TransformerBlock(ATTENTION, MLP, norm).build(g, x, 0), T, D);
        INDArray x = BuiltLayer.random(T, D);
        assertThat(block.run(x)).isEqualTo(x);
    }

    @Test
    void headsOfFullWidthNeedAProjectionUnlessThereIsOne() {
        assertThat(ATTENTION.projectedUnlessSingle(D).project()).isTrue();
        Attention single = new Attention(1, D, 1, true, OptionalDouble.empty(), true, 0, 0);
        assertThat(single.projectedUnlessSingle(D).project()).isFalse();
    }

    @Test
    void levitAttentionStartsAsZeroUnlessItShrinksTheGrid() {
        INDArray x = BuiltLayer.random(12, D);
        BuiltLayer residual = new BuiltLayer((g, y) -> levit(1).build(g, y, 4, 3), 12, D);
        assertThat(residual.run(x)).isEqualTo(Nd4j.zeros(12, D));
        BuiltLayer shrinking = new BuiltLayer((g, y) -> levit(2).build(g, y, 4, 3), 12, D);
        INDArray y = shrinking.run(x); // a grid of 2 x 2
        assertThat(y.shape()).containsExactly(4, D);
        assertThat(y.norm2Number().doubleValue()).isPositive();
    }

    private static LevitAttention levit(int stride) {
        return new LevitAttention(H, 3, 5, D, stride, Activation.HARD_SWISH);
    }

    @Test
    void levitAttentionIgnoresABiasThatIsEqualForAllDistances() {
        BuiltLayer layer = new BuiltLayer((g, y) -> levit(2).build(g, y, 4, 3), 12, D);
        INDArray x = BuiltLayer.random(12, D);
        INDArray without = layer.run(x);
        assertClose(layer.fill("attention_biases", 7).run(x), without);
    }

    @Test
    void layerwiseAttentionOverOneLayerAttendsToItself() {
        BuiltLayer layer = new BuiltLayer(new LayerwiseClassAttention(ATTENTION, MLP, 1e-6)::build, 1, D);
        assertThat(layer.tensor("attn.probs", BuiltLayer.random(1, D))).isEqualTo(Nd4j.ones(H, 1, 1));
    }

    @Test
    void patchEmbeddingOfAShiftedImageIsShifted() {
        BuiltLayer layer = new BuiltLayer(new PatchEmbed(2, 2, D, true)::build, 4, 6, 3);
        INDArray tokens = layer.run(BuiltLayer.random(4, 6, 3)); // [6, D]
        INDArray rolled = layer.run(Nd4j.concat(1, columns(2, 6), columns(0, 2)));
        assertClose(rolled, tokens.getRows(1, 2, 0, 4, 5, 3));
    }

    private static INDArray columns(int from, int to) {
        return BuiltLayer.random(4, 6, 3)
                .get(NDArrayIndex.all(), NDArrayIndex.interval(from, to), NDArrayIndex.all())
                .dup();
    }

    private static void assertClose(INDArray found, INDArray expected) {
        assertThat(found.shape()).isEqualTo(expected.shape());
        assertThat(found.distance2(expected))
                .isLessThan(TOLERANCE * (1 + expected.norm2Number().doubleValue()));
    }
}
