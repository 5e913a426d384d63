package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;

/** Blockwise attention equals attention computed at once, for any block size. */
@Tag("slow")
@RequiresOneDnn
class AttentionOpsTest {
    private static final long B = 3, H = 5, T = 7, S = 11, D = 8;

    private final Tape tape = new Tape(false, null);
    private final AttentionOps attention = new AttentionOps(tape, new MatmulOps(tape, Precision.FP32));
    private final StridedArray q = StridedArray.temporary(B, T, H * D);
    private final StridedArray k = StridedArray.temporary(B, S, H * D);
    private final StridedArray v = StridedArray.temporary(B, S, H * D);

    /** Block sizes: one row, several rows, all rows of a head, several heads, one image, two images, everything. */
    @ParameterizedTest
    @ValueSource(longs = {1, 3 * S, T * S, 2 * T * S, H * T * S, 2 * H * T * S, 1 << 20})
    void blockwiseAttentionEqualsFullAttentionForEveryBlockSize(long size) {
        assertBlocksEqualFullAttention(
                AttentionBlock.ofRows(heads(q).array(), S, size),
                Map.of(),
                (queries, keys) ->
                        attention.softmax(attention.scores(queries, keys, 0.3).setUsedOnce(true), ElementType.F32));
    }

    /** One image, two images, everything. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2 * H * T * S, 1 << 20})
    void blocksOfImagesEqualFullAttentionForMixedHeadsAndBiases(long size) {
        StridedArray kernel = StridedArray.temporary(H, H);
        StridedArray bias = StridedArray.temporary(1, H * T * S);
        assertBlocksEqualFullAttention(
                AttentionBlock.ofImages(heads(q).array(), S, size),
                Map.of("kernel", kernel, "bias", bias),
                (queries, keys) -> {
                    TapeValue scores = attention.scores(queries, keys, 0.3).setUsedOnce(true);
                    TapeValue biased = attention.addBias(scores, new TapeValue(bias, false, -1));
                    TapeValue mixed = attention.mixHeads(biased, new TapeValue(kernel, false, -1), null);
                    return attention.softmax(mixed, ElementType.F32);
                });
    }

    private void assertBlocksEqualFullAttention(
            AttentionBlock block, Map<String, StridedArray> more, AttentionOps.BlockProbabilities probabilities) {
        TapeValue full = attention.weightedSum(probabilities.of(heads(q), heads(k)), heads(v), ElementType.F32);
        TapeValue blocks = attention.attention(heads(q), heads(k), heads(v), ElementType.F32, block, probabilities);
        Map<String, StridedArray> inputs = new HashMap<>(Map.of("q", q, "k", k, "v", v));
        inputs.putAll(more);
        Map<String, StridedArray> outputs = Map.of("full", full.array(), "blocks", blocks.array());
        try (OneDnnPlan plan = new OneDnnPlan(
                1, tape, tape.steps().size(), inputs, Map.of(), outputs, List.of(), GradientMemory.NONE)) {
            inputs.forEach((name, array) -> plan.set(name, Nd4j.randn(DataType.FLOAT, array.dims())));
            plan.forward();
            INDArray difference = plan.get("full").sub(plan.get("blocks"));
            assertThat(difference.amaxNumber().doubleValue()).isLessThan(1e-6);
            assertThat(plan.get("full").amaxNumber().doubleValue()).isGreaterThan(0.1);
        }
    }

    @Test
    void blocksAreNearlyEqual() {
        StridedArray queries = StridedArray.temporary(32, 3, 197, 64);
        long image = 3 * 197 * 197;
        assertThat(AttentionBlock.ofRows(queries, 197, 9 * image)).isEqualTo(new AttentionBlock(8, 3, 197));
        assertThat(AttentionBlock.ofRows(queries, 197, 2 * 197 * 197)).isEqualTo(new AttentionBlock(1, 2, 197));
        assertThat(AttentionBlock.ofRows(queries, 197, 150 * 197)).isEqualTo(new AttentionBlock(1, 1, 99));
        assertThat(AttentionBlock.ofImages(queries, 197, 1)).isEqualTo(new AttentionBlock(1, 3, 197));
    }

    /** View of [B, T, H * d] as heads, [B, H, T, d]. */
    private static TapeValue heads(StridedArray x) {
        return new TapeValue(x.reshape(x.dim(0), x.dim(1), H, D).orElseThrow().permute(0, 2, 1, 3), false, -1);
    }
}
