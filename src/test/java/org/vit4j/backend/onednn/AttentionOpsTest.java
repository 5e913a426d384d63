package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
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

    /** Block sizes: one row, several rows, all rows of a head, several heads, one image, two images, everything. */
    @ParameterizedTest
    @ValueSource(longs = {1, 3 * S, T * S, 2 * T * S, H * T * S, 2 * H * T * S, 1 << 20})
    void blockwiseAttentionEqualsFullAttentionForEveryBlockSize(long size) {
        Tape tape = new Tape(false, null);
        MatmulOps math = new MatmulOps(tape, Precision.FP32);
        AttentionOps attention = new AttentionOps(tape, math, B);
        StridedArray q = StridedArray.temporary(B, T, H * D);
        StridedArray k = StridedArray.temporary(B, S, H * D);
        StridedArray v = StridedArray.temporary(B, S, H * D);
        TapeValue full = attention.weightedSum(
                attention.softmax(attention.scores(heads(q), heads(k), 0.3), ElementType.F32),
                heads(v),
                ElementType.F32);
        TapeValue blocks = attention.attention(heads(q), heads(k), heads(v), 0.3, ElementType.F32, size);
        Map<String, StridedArray> inputs = Map.of("q", q, "k", k, "v", v);
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

    /** View of [B, T, H * d] as heads, [B, H, T, d]. */
    private static TapeValue heads(StridedArray x) {
        return new TapeValue(x.reshape(x.dim(0), x.dim(1), H, D).orElseThrow().permute(0, 2, 1, 3), false, -1);
    }
}
