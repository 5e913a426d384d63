package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;

/** Blockwise attention equals attention computed at once, for any block size. */
@Tag("slow")
@RequiresOneDnn
class AttentionOpsTest {
    private static final long B = 3, H = 5, T = 7, S = 35, D = 8;

    private final Tape tape = new Tape(false, null);
    private final AttentionOps attention = new AttentionOps(tape, new MatmulOps(tape, Precision.FP32));
    private final StridedArray q = StridedArray.temporary(B, T, H * D);
    private final StridedArray k = StridedArray.temporary(B, S, H * D);
    private final StridedArray v = StridedArray.temporary(B, S, H * D);

    /** Block sizes: one row, several rows, all rows of a head, several heads, one image, two images, everything. */
    @ParameterizedTest
    @ValueSource(longs = {1, 3 * S, T * S, 2 * T * S, H * T * S, 2 * H * T * S, 1 << 20})
    void blockwiseAttentionEqualsFullAttentionForEveryBlockSize(long size) {
        AttentionBlock block = AttentionBlock.ofRows(heads(q).array(), S, size);
        assertBlocksEqualFullAttention(block, Map.of(), (queries, keys) -> probabilities(attention, queries, keys));
    }

    private static TapeValue probabilities(AttentionOps attention, TapeValue queries, TapeValue keys) {
        return attention.softmax(attention.scores(queries, keys, 0.3, true).setUsedOnce(true), ElementType.F32);
    }

    /** One image, two images, everything. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2 * H * T * S, 1 << 20})
    void blocksOfImagesHaveTheGradientsOfFullAttention(long size) {
        AttentionBlock block = AttentionBlock.ofImages(heads(q).array(), S, size);
        Map<String, INDArray> inputs = new HashMap<>();
        Map.of("q", q, "k", k, "v", v, "dy", q)
                .forEach((name, array) -> inputs.put(name, Nd4j.randn(DataType.FLOAT, array.dims())));
        Map<String, INDArray> full = trained(
                inputs,
                (ops, x) -> ops.weightedSum(probabilities(ops, x.get("q"), x.get("k")), x.get("v"), ElementType.F32));
        Map<String, INDArray> blocks = trainedInBlocks(inputs, block, false);
        Map<String, INDArray> recomputed = trainedInBlocks(inputs, block, true);
        assertThat(recomputed).as("maps computed again by the same kernels").isEqualTo(blocks);
        assertThat(full).containsOnlyKeys("y", "dq", "dk", "dv");
        full.forEach((name, expected) -> {
            assertThat(expected.amaxNumber().doubleValue()).as(name).isGreaterThan(0.1);
            assertThat(blocks.get(name).sub(expected).amaxNumber().doubleValue())
                    .as(name)
                    .isLessThan(1e-5);
        });
    }

    private static Map<String, INDArray> trainedInBlocks(
            Map<String, INDArray> inputs, AttentionBlock block, boolean recomputed) {
        return trained(
                inputs,
                (ops, x) -> ops.attention(
                        x.get("q"),
                        x.get("k"),
                        x.get("v"),
                        ElementType.F32,
                        block,
                        recomputed,
                        (queries, keys) -> probabilities(ops, queries, keys)));
    }

    /** The attention of q, k and v, and their gradients. */
    private static Map<String, INDArray> trained(
            Map<String, INDArray> inputs, BiFunction<AttentionOps, Map<String, TapeValue>, TapeValue> network) {
        Tape tape = new Tape(true, null);
        Map<String, StridedArray> arrays = new HashMap<>();
        inputs.forEach((name, array) -> arrays.put(name, StridedArray.temporary(array.shape())));
        Map<String, TapeValue> heads = new HashMap<>();
        for (String name : List.of("q", "k", "v"))
            heads.put(name, new TapeValue(heads(arrays.get(name)).array(), true, -1));
        TapeValue y = network.apply(new AttentionOps(tape, new MatmulOps(tape, Precision.FP32)), heads);
        tape.accumulate(y, heads(arrays.get("dy")).array(), false);
        tape.backward();
        Map<String, StridedArray> outputs = new HashMap<>(Map.of("y", y.array()));
        heads.forEach((name, x) -> outputs.put("d" + name, tape.gradient(x)));
        try (OneDnnPlan plan = new OneDnnPlan(
                1, tape, tape.steps().size(), arrays, Map.of(), outputs, List.of(), GradientMemory.NONE)) {
            inputs.forEach(plan::set);
            plan.forward();
            Map<String, INDArray> results = new HashMap<>();
            outputs.keySet().forEach(name -> results.put(name, plan.get(name)));
            return results;
        }
    }

    /** Independence of what lies between aligned rows, even NaN. */
    @Test
    void softmaxOfAlignedRowsAndItsGradientAreThoseOfDenseRows() {
        long wide = StridedArray.alignedRows(ElementType.F32, T, S).stride(0);
        StridedArray scores = StridedArray.temporary(T, wide);
        StridedArray gradient = StridedArray.temporary(T, wide);
        StridedArray probs = StridedArray.alignedRows(ElementType.F32, T, S);
        StridedArray expected = StridedArray.temporary(T, S);
        StridedArray expectedGradient = StridedArray.temporary(T, S);
        StridedArray x = scores.slice(1, 0, S);
        StridedArray dy = gradient.slice(1, 0, S);
        tape.emit(Kernels.softmax(tape.copy(new TapeValue(x, false, -1)).array(), expected));
        StridedArray dense = tape.copy(new TapeValue(dy, false, -1)).array();
        tape.emit(Kernels.softmaxBackward(expected, dense, expectedGradient));
        tape.emit(Kernels.softmax(x, probs));
        if (Dnnl.hasAvx512()) tape.emit(Kernels.softmaxBackward(probs, dy, dy));
        Map<String, StridedArray> outputs =
                Map.of("probs", probs, "expected", expected, "dx", dy, "expected dx", expectedGradient);
        Map<String, StridedArray> inputs = Map.of("scores", scores, "gradient", gradient);
        try (OneDnnPlan plan = new OneDnnPlan(
                1, tape, tape.steps().size(), inputs, Map.of(), outputs, List.of(), GradientMemory.NONE)) {
            for (String name : inputs.keySet()) {
                INDArray values = Nd4j.randn(DataType.FLOAT, T, wide);
                values.get(NDArrayIndex.all(), NDArrayIndex.interval(S, wide)).assign(Float.NaN);
                plan.set(name, values);
            }
            plan.forward();
            assertThat(plan.get("probs").sub(plan.get("expected")).amaxNumber().doubleValue())
                    .isLessThan(1e-6);
            assertThat(plan.get("expected").sumNumber().doubleValue()).isCloseTo(T, within(1e-4));
            if (!Dnnl.hasAvx512()) return;
            assertThat(plan.get("dx").sub(plan.get("expected dx")).amaxNumber().doubleValue())
                    .isLessThan(1e-6);
            assertThat(plan.get("dx").amaxNumber().doubleValue()).isGreaterThan(0.01);
        }
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
                    TapeValue scores =
                            attention.scores(queries, keys, 0.3, false).setUsedOnce(true);
                    TapeValue biased = attention.addBias(scores, new TapeValue(bias, false, -1));
                    TapeValue mixed = attention.mixHeads(biased, new TapeValue(kernel, false, -1), null);
                    return attention.softmax(mixed, ElementType.F32);
                });
    }

    private void assertBlocksEqualFullAttention(
            AttentionBlock block, Map<String, StridedArray> more, AttentionOps.BlockProbabilities probabilities) {
        TapeValue full = attention.weightedSum(probabilities.of(heads(q), heads(k)), heads(v), ElementType.F32);
        TapeValue blocks =
                attention.attention(heads(q), heads(k), heads(v), ElementType.F32, block, false, probabilities);
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
        assertThat(AttentionBlock.ofRows(queries, 197, 197 * 197)).isEqualTo(new AttentionBlock(1, 2, 197));
        assertThat(AttentionBlock.ofRows(queries, 197, 150 * 197)).isEqualTo(new AttentionBlock(1, 1, 99));
        assertThat(AttentionBlock.ofImages(queries, 197, 1)).isEqualTo(new AttentionBlock(1, 3, 197));
    }

    /** View of [B, T, H * d] as heads, [B, H, T, d]. */
    private static TapeValue heads(StridedArray x) {
        return new TapeValue(x.reshape(x.dim(0), x.dim(1), H, D).orElseThrow().permute(0, 2, 1, 3), false, -1);
    }
}
