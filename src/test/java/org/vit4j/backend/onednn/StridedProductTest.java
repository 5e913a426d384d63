package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;

/**
 * Products of views of a fused projection, as in attention, equal ND4J's products for any sizes. oneDNN 3.8 gave wrong
 * results for some layouts on AVX-512, see {@link StridedArray#hasMisjudgedBatch}.
 */
@Tag("slow")
@RequiresOneDnn
class StridedProductTest {
    private static final int CASES = 2000;

    @Test
    void productsOfHeadsEqualNd4j() {
        Random random = new Random(17);
        Nd4j.getRandom().setSeed(17);
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < CASES; i++) {
            long batch = 1L + random.nextInt(6);
            long heads = 1L + random.nextInt(5);
            long queries = 1L + random.nextInt(40);
            long keys = random.nextBoolean() ? queries : 1L + random.nextInt(40);
            long width = random.nextBoolean() ? 8L * (1 + random.nextInt(8)) : 1L + random.nextInt(70);
            long more = random.nextInt(4) * 8L;
            String name = String.format(
                    Locale.ROOT, "B %d H %d T %d S %d d %d more %d", batch, heads, queries, keys, width, more);
            double error = error(batch, heads, queries, keys, width, more, random.nextBoolean());
            if (!(error < 1e-5)) wrong.add(name + ": " + error);
        }
        assertThat(wrong).isEmpty();
    }

    /** As many images as tokens, where the strides of both axes have a ratio that oneDNN misjudges; the last is divided twice. */
    @ParameterizedTest
    @CsvSource({
        "16, 8, 16, 16, 16, 0",
        "16, 16, 16, 48, 16, 64",
        "49, 3, 49, 49, 8, 0",
        "2, 5, 2, 6, 8, 8",
        "6, 2, 3, 6, 4, 0"
    })
    void productsOfAsManyImagesAsTokensEqualNd4j(
            long batch, long heads, long queries, long keys, long width, long more) {
        for (boolean aligned : List.of(false, true))
            assertThat(error(batch, heads, queries, keys, width, more, aligned)).isLessThan(1e-5);
    }

    /** The parts of a divided product add their parts of another array. */
    @Test
    void dividedProductsAddAnArray() {
        long images = 16, heads = 8, tokens = 16, width = 16;
        StridedArray q = StridedArray.temporary(images, tokens, heads * width);
        StridedArray addend = StridedArray.temporary(images, heads, tokens, tokens);
        StridedArray product = StridedArray.temporary(addend.dims());
        StridedArray sum = StridedArray.temporary(addend.dims());
        StridedArray rows = heads(q, heads, width, 0).array();
        Tape tape = new Tape(false, null);
        tape.emit(Kernels.matmul(rows, rows.swap(2, 3), null, product, 1));
        PostOp.FusableStep step = Kernels.matmul(rows, rows.swap(2, 3), null, sum, 1);
        step.fuseAdd(addend);
        tape.emit(step);
        Map<String, StridedArray> inputs = Map.of("q", q, "addend", addend);
        Map<String, StridedArray> outputs = Map.of("product", product, "sum", sum, "addend", addend);
        try (OneDnnPlan plan = new OneDnnPlan(1, tape, 2, inputs, Map.of(), outputs, List.of(), GradientMemory.NONE)) {
            inputs.forEach((name, array) -> plan.set(name, Nd4j.randn(DataType.FLOAT, array.dims())));
            plan.forward();
            assertThat(step.primitives()).hasSize(2);
            INDArray expected = plan.get("product").add(plan.get("addend"));
            assertThat(plan.get("sum").sub(expected).amaxNumber().doubleValue()).isLessThan(1e-4);
        }
    }

    /** @param aligned whether the rows of the scores are aligned, with gaps between them */
    private static double error(
            long batch, long heads, long queries, long keys, long width, long more, boolean aligned) {
        Tape tape = new Tape(false, null);
        AttentionOps attention = new AttentionOps(tape, new MatmulOps(tape, Precision.FP32));
        StridedArray q = StridedArray.temporary(batch, queries, heads * (width + more));
        StridedArray k = StridedArray.temporary(batch, keys, heads * (width + more));
        TapeValue scores = attention.scores(heads(q, heads, width, more), heads(k, heads, width, more), 0.5, aligned);
        TapeValue sum = attention.weightedSum(scores, heads(k, heads, width, more), ElementType.F32);
        Map<String, StridedArray> inputs = Map.of("q", q, "k", k);
        Map<String, StridedArray> outputs = Map.of("scores", scores.array(), "sum", sum.array());
        try (OneDnnPlan plan = new OneDnnPlan(
                1, tape, tape.steps().size(), inputs, Map.of(), outputs, List.of(), GradientMemory.NONE)) {
            INDArray qs = Nd4j.randn(DataType.FLOAT, q.dims());
            INDArray ks = Nd4j.randn(DataType.FLOAT, k.dims());
            plan.set("q", qs);
            plan.set("k", ks);
            plan.forward();
            double error = 0;
            for (long b = 0; b < batch; b++) {
                for (long h = 0; h < heads; h++) {
                    INDArray one = matrix(qs, b, h, width, more);
                    INDArray other = matrix(ks, b, h, width, more);
                    INDArray expected = one.mmul(other.transpose()).mul(0.5);
                    INDArray terms = Transforms.abs(one)
                            .mmul(Transforms.abs(other).transpose())
                            .mul(0.5);
                    error = Math.max(error, distance(plan.get("scores"), b, h, expected, terms));
                    INDArray sums = terms.mmul(Transforms.abs(other));
                    error = Math.max(error, distance(plan.get("sum"), b, h, expected.mmul(other), sums));
                }
            }
            return error;
        }
    }

    private static INDArray matrix(INDArray x, long b, long h, long width, long more) {
        return x.slice(b)
                .get(NDArrayIndex.all(), NDArrayIndex.interval(h * (width + more), h * (width + more) + width))
                .dup('c');
    }

    /** @param terms sums of the magnitudes of what is added, as the sums themselves may cancel to nearly 0 */
    private static double distance(INDArray all, long b, long h, INDArray expected, INDArray terms) {
        INDArray found = all.slice(b).slice(h).dup('c').reshape(expected.shape());
        double size = terms.amaxNumber().doubleValue();
        return found.sub(expected).amaxNumber().doubleValue() / size;
    }

    /** View of the first d columns of each head in [B, T, H * (d + more)] as [B, H, T, d]. */
    private static TapeValue heads(StridedArray x, long heads, long width, long more) {
        StridedArray all =
                x.reshape(x.dim(0), x.dim(1), heads, width + more).orElseThrow().slice(3, 0, width);
        return new TapeValue(all.permute(0, 2, 1, 3), false, -1);
    }
}
