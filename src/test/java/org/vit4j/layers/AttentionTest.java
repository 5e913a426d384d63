package org.vit4j.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.vit4j.graph.Init;
import org.vit4j.layers.ReAttention.BatchReAttention;
import org.vit4j.layers.TalkingHeads.Mixing;
import org.vit4j.layers.TalkingHeads.Products;

/** Properties of attention that the formulas promise. */
class AttentionTest {
    private static final int T = 5;
    private static final int D = 8;
    private static final int HEADS = 2;
    /** float32 rounding of sums of a few values near 1. */
    private static final Offset<Float> ROUNDING = within(1e-5f);

    private static final float[] X = LayerRun.normal(T * D, 1);
    private static final Attention ATTENTION = new Attention(HEADS, 4, 0.5, true, OptionalDouble.empty(), true, 0, 0);

    private static TalkingHeads talkingHeads(Optional<Mixing> mixing) {
        return new TalkingHeads(new AttentionHeads(HEADS, 4), Products.QKV, true, mixing, 0, 0);
    }

    @Test
    void permutedTokensGivePermutedOutputs() {
        LayerRun layer = new LayerRun(ATTENTION::build, T, D);
        int[] order = {3, 0, 4, 1, 2};
        assertThat(layer.run(LayerRun.permuted(X, D, order)))
                .containsExactly(LayerRun.permuted(layer.run(X), D, order), ROUNDING);
    }

    @Test
    void zeroQueriesGiveEveryTokenTheMeanOfTheValues() {
        LayerRun layer = new LayerRun(ATTENTION::build, T, D);
        float[] kernel = layer.parameter("qkv.kernel"); // [D, 3 * D], queries first
        for (int row = 0; row < D; row++) Arrays.fill(kernel, row * 3 * D, row * 3 * D + D, 0);
        float[] bias = layer.parameter("qkv.bias");
        Arrays.fill(bias, 0, D, 0);
        layer.set("qkv.kernel", kernel).set("qkv.bias", bias);

        float[] qkv = layer.tensor("qkv", X); // [T, 3 * D]
        float[] mean = new float[D];
        for (int t = 0; t < T; t++) {
            for (int j = 0; j < D; j++) mean[j] += qkv[t * 3 * D + 2 * D + j] / T;
        }
        float[] context = layer.tensor("merged", X); // [T, D]
        for (int t = 0; t < T; t++) {
            assertThat(Arrays.copyOfRange(context, t * D, (t + 1) * D)).containsExactly(mean, ROUNDING);
        }
    }

    @Test
    void rowsOfTheProbabilitiesSumToOne() {
        float[] probs = new LayerRun(ATTENTION::build, T, D).tensor("probs", X); // [H, T, T]
        for (int row = 0; row < HEADS * T; row++) {
            float sum = 0;
            for (int s = 0; s < T; s++) sum += probs[row * T + s];
            assertThat(sum).isCloseTo(1, ROUNDING);
        }
    }

    @Test
    void talkingHeadsWithIdentityMatricesArePlainAttention() {
        LayerRun plain = new LayerRun((g, x) -> talkingHeads(Optional.empty()).build(g, x, x), T, D);
        var mixing = new Mixing(true, new Init.NormalInit(1));
        LayerRun mixed =
                new LayerRun((g, x) -> talkingHeads(Optional.of(mixing)).build(g, x, x), T, D);
        mixed.copyFrom(plain);
        for (String matrix : new String[] {"proj_l", "proj_w"}) {
            mixed.set(matrix + ".kernel", LayerRun.identity(HEADS)).set(matrix + ".bias", new float[HEADS]);
        }
        assertThat(mixed.run(X)).containsExactly(plain.run(X), ROUNDING);
    }

    @Test
    void talkingHeadsWithoutMixingEqualAttention() {
        LayerRun attention = new LayerRun(ATTENTION::build, T, D);
        LayerRun talking = new LayerRun((g, x) -> talkingHeads(Optional.empty()).build(g, x, x), T, D);
        assertThat(talking.copyFrom(attention).run(X)).containsExactly(attention.run(X), ROUNDING);
    }

    @Test
    void reAttentionWithAnIdentityMatrixIsPlainAttention() {
        LayerRun plain = new LayerRun(ATTENTION::build, T, D);
        ReAttention reAttention = new BatchReAttention(1);
        LayerRun mixed = new LayerRun((g, x) -> ATTENTION.build(g, x, maps -> reAttention.build(g, maps)), T, D);
        mixed.copyFrom(plain).set("reatten_matrix.kernel", LayerRun.identity(HEADS));
        mixed.set("reatten_matrix.bias", new float[HEADS]);
        // The batch norm has the statistics mean 0 and variance 1 and divides by sqrt(1 + 1e-5).
        assertThat(mixed.run(X)).containsExactly(plain.run(X), within(1e-4f));
    }

    @Test
    void crossAttentionToTheQueriesIsSelfAttention() {
        LayerRun self = new LayerRun(ATTENTION::build, T, D);
        LayerRun cross = new LayerRun((g, x) -> new CrossAttention(HEADS, 4, true, 0, 0).build(g, x, x), T, D);
        cross.copyFrom(self); // proj
        float[] kernel = self.parameter("qkv.kernel");
        float[] bias = self.parameter("qkv.bias");
        String[] projections = {"wq", "wk", "wv"};
        for (int part = 0; part < 3; part++) {
            float[] columns = new float[D * D];
            for (int row = 0; row < D; row++) {
                System.arraycopy(kernel, row * 3 * D + part * D, columns, row * D, D);
            }
            cross.set(projections[part] + ".kernel", columns);
            cross.set(projections[part] + ".bias", Arrays.copyOfRange(bias, part * D, (part + 1) * D));
        }
        assertThat(cross.run(X)).containsExactly(self.run(X), ROUNDING);
    }

    @Test
    void headsThatDoNotDivideTheWidthAreRejected() {
        assertThatThrownBy(() -> new LayerRun((g, x) -> g.scope("attn").splitHeads("q", x, 3), T, D))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("attn.q");
    }
}
