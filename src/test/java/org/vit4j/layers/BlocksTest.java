package org.vit4j.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Init;
import org.vit4j.graph.Window;
import org.vit4j.layers.LayerScaleBlock.LayerIndex;
import org.vit4j.layers.TalkingHeads.Products;

/** Properties of blocks, tokens and patch embeddings that their definitions promise. */
class BlocksTest {
    private static final int T = 5;
    private static final int D = 8;
    /** float32 rounding of sums of a few values near 1. */
    private static final Offset<Float> ROUNDING = within(1e-5f);

    private static final float[] X = LayerRun.normal(T * D, 2);
    private static final Attention ATTENTION = new Attention(2, 4, 0.5, true, OptionalDouble.empty(), true, 0, 0);
    private static final Mlp MLP = new Mlp(12, Activation.GELU, 0);

    @Test
    void blockWithLayerScaleZeroIsTheIdentity() {
        var block = new TransformerBlock(ATTENTION, MLP, PreNorm.scaled(1e-6, 0));
        assertThat(new LayerRun((g, x) -> block.build(g, x, 0), T, D).run(X)).containsExactly(X);
    }

    @Test
    void stochasticDepthHasNoEffectInInference() {
        var block = new TransformerBlock(ATTENTION, MLP, PreNorm.plain(1e-6));
        LayerRun plain = new LayerRun((g, x) -> block.build(g, x, 0), T, D);
        LayerRun dropped = new LayerRun((g, x) -> block.build(g, x, 0.5), T, D).copyFrom(plain);
        assertThat(dropped.run(X)).containsExactly(plain.run(X), ROUNDING);
    }

    @Test
    void oneParallelBranchIsThePlainBlock() {
        var block = new TransformerBlock(ATTENTION, MLP, PreNorm.scaled(1e-6, 0.1));
        LayerRun plain = new LayerRun((g, x) -> block.build(g, x, 0), T, D);
        LayerRun parallel = new LayerRun((g, x) -> new ParallelBlock(block, 1).build(g, x, 0), T, D);
        assertThat(parallel.copyFrom(plain).run(X)).containsExactly(plain.run(X));
    }

    @Test
    void layerScaleOneWithoutTalkingHeadsIsTheTransformerBlock() {
        var heads = new AttentionHeads(2, 4);
        var talking = new TalkingHeads(heads, Products.QKV, true, Optional.empty(), 0, 0);
        var scaled = new LayerScaleBlock(talking, MLP, PreNorm.scaled(1e-6, 1), false, 0);
        var block = new TransformerBlock(ATTENTION, MLP, PreNorm.plain(1e-6));
        LayerRun plain = new LayerRun((g, x) -> block.build(g, x, 0), T, D);
        LayerRun same = new LayerRun((g, x) -> scaled.build(g, x, new LayerIndex("blocks", 0, 1, 0)), T, D);
        assertThat(same.copyFrom(plain).run(X)).containsExactly(plain.run(X), ROUNDING);
    }

    @Test
    void classTokenIsFirstAndThePatchesAreUnchanged() {
        var init = new Init.NormalInit(1);
        LayerRun token = new LayerRun((g, x) -> ClassToken.select(g, ClassToken.prepend(g, x, init)), T, D);
        assertThat(token.run(X)).containsExactly(token.parameter("cls_token"));
        LayerRun patches = new LayerRun((g, x) -> ClassToken.patches(g, ClassToken.prepend(g, x, init)), T, D);
        assertThat(patches.run(X)).containsExactly(X);
    }

    @Test
    void removedDistillationTokenLeavesTheTokens() {
        var init = new Init.NormalInit(1);
        LayerRun layer =
                new LayerRun((g, x) -> DistillationToken.without(g, DistillationToken.append(g, x, init)), T, D);
        assertThat(layer.run(X)).containsExactly(X);
    }

    @Test
    void meanOfEqualTokensIsTheToken() {
        float[] token = Arrays.copyOf(X, D);
        float[] equal = new float[T * D];
        for (int t = 0; t < T; t++) System.arraycopy(token, 0, equal, t * D, D);
        LayerRun pool = new LayerRun((g, x) -> TokenPool.MEAN.build(g, x, 2), T, D);
        assertThat(pool.run(equal)).containsExactly(token, ROUNDING);
    }

    @Test
    void normalizedTokensDoNotDependOnTheOrderOfNormAndPooling() {
        // A norm applies to each token alone, so the class token can be selected first.
        LayerRun first = new LayerRun((g, x) -> ClassToken.select(g, g.layerNorm("norm", x, 1e-6)), T, D);
        LayerRun last = new LayerRun((g, x) -> g.layerNorm("norm", ClassToken.select(g, x), 1e-6), T, D);
        assertThat(last.run(X)).containsExactly(first.run(X), ROUNDING);
    }

    /** The windows of an unfolded image, added at their places and divided by the number of windows of each pixel. */
    @Test
    void foldedWindowsRestoreTheImage() {
        int side = 6;
        int channels = 2;
        int kernel = 3;
        int stride = 1;
        float[] image = LayerRun.normal(side * side * channels, 3); // [H, W, C]
        LayerRun unfold =
                new LayerRun((g, x) -> g.unfold("unfold", x, Window.square(kernel, stride, 0)), side, side, channels);
        float[] windows = unfold.run(image); // [T, C * k * k]
        int columns = (side - kernel) / stride + 1;
        float[] sums = new float[image.length];
        int[] counts = new int[image.length];
        int next = 0;
        for (int t = 0; t < columns * columns; t++) {
            for (int c = 0; c < channels; c++) {
                for (int k = 0; k < kernel * kernel; k++) {
                    int row = t / columns * stride + k / kernel;
                    int column = t % columns * stride + k % kernel;
                    int at = (row * side + column) * channels + c;
                    sums[at] += windows[next++];
                    counts[at]++;
                }
            }
        }
        for (int i = 0; i < sums.length; i++) sums[i] /= counts[i];
        assertThat(sums).containsExactly(image, ROUNDING);
    }

    @Test
    void patchEmbeddingIsADenseLayerOverTheValuesOfAPatch() {
        int patch = 2;
        float[] image = LayerRun.normal(4 * 4 * 3, 4); // [H, W, C]
        LayerRun embed = new LayerRun((g, x) -> new PatchEmbed(patch, patch, D, true).build(g, x), 4, 4, 3);
        float[] kernel = embed.parameter("proj.kernel"); // [P, P, C, D]
        float[] bias = embed.parameter("proj.bias");
        float[] expected = new float[4 * D];
        for (int t = 0; t < 4; t++) {
            for (int d = 0; d < D; d++) {
                float sum = bias[d];
                for (int k = 0; k < patch * patch * 3; k++) {
                    int row = t / 2 * patch + k / (patch * 3);
                    int column = t % 2 * patch + k / 3 % patch;
                    sum += kernel[k * D + d] * image[(row * 4 + column) * 3 + k % 3];
                }
                expected[t * D + d] = sum;
            }
        }
        assertThat(embed.run(image)).containsExactly(expected, ROUNDING);
    }

    /** Exact softmax attention over equal values returns them, and so does the approximation. */
    @Test
    void performerReturnsTheValuesIfAllAreEqual() {
        LayerRun layer = new LayerRun((g, x) -> new Performer(D, D / 2, false, 0).build(g, x), T, D);
        float[] kernel = layer.parameter("kqv.kernel"); // [D, 3 * D], values last
        for (int row = 0; row < D; row++) Arrays.fill(kernel, row * 3 * D + 2 * D, (row + 1) * 3 * D, 0);
        layer.set("kqv.kernel", kernel);
        float[] values = Arrays.copyOfRange(layer.parameter("kqv.bias"), 2 * D, 3 * D);
        float[] context = layer.tensor("context", X); // [T, D]
        for (int t = 0; t < T; t++) {
            assertThat(Arrays.copyOfRange(context, t * D, (t + 1) * D)).containsExactly(values, ROUNDING);
        }
    }
}
