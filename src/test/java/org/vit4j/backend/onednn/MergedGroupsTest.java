package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.iter.NdIndexIterator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.backend.RequiresOneDnn;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Convolutions of small groups, whose kernels are merged and, if constant, reordered in the first run only. */
@Tag("slow")
@RequiresOneDnn
class MergedGroupsTest {
    private final Graph graph = new Graph(Init.TIMM);
    private final Tensor first = conv("first", graph.input("x", 6, 5, 32));
    private final String second =
            conv("second", graph.activate("relu", first, Activation.RELU)).name();

    /** Eight groups of four channels. */
    private Tensor conv(String name, Tensor x) {
        return graph.conv2d(name, x, 32, new Window(3, 3, 1, 1, 1, 1, 1), 8, true);
    }

    @Test
    void laterRunsWithConstantKernelsEqualRunsThatReorderThem() {
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        try (OneDnnInference constant = new OneDnnInference(graph, parameters, true, Precision.FP32);
                OneDnnInference variable = new OneDnnInference(graph, parameters, false, Precision.FP32)) {
            for (int run = 0; run < 3; run++) {
                Map<String, INDArray> x = Map.of("x", Nd4j.randn(DataType.FLOAT, 2, 6, 5, 32));
                INDArray y = constant.tensor(second, x);
                assertThat(y).isEqualTo(variable.tensor(second, x));
                assertThat(y.amaxNumber().doubleValue()).isGreaterThan(0.01);
            }
        }
    }

    @Test
    void groupsAreMergedUntilInputAndOutputFillBlocks() {
        assertThat(MergedGroups.factor(4, 4, 8, ElementType.F32)).isEqualTo(2);
        assertThat(MergedGroups.factor(8, 4, 8, ElementType.F32)).isEqualTo(2);
        assertThat(MergedGroups.factor(8, 4, 8, ElementType.BF16)).isEqualTo(4);
        assertThat(MergedGroups.factor(8, 16, 8, ElementType.BF16)).isEqualTo(1);
        assertThat(MergedGroups.factor(1, 1, 8, ElementType.F32)).isEqualTo(1);
        assertThat(MergedGroups.factor(4, 4, 3, ElementType.F32)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"4, 4", "4, 8", "8, 4", "2, 6"})
    void resultAndGradientsEqualThoseOfTheDefinition(int in, int out) {
        int groups = 8;
        int filters = groups * out;
        Tape tape = new Tape(true, null);
        StridedArray x = StridedArray.temporary(2, 5, 4, (long) groups * in);
        StridedArray kernel = StridedArray.temporary(3, 3, in, filters);
        StridedArray dy = StridedArray.temporary(2, 5, 4, filters);
        TapeValue image = new TapeValue(x, true, -1);
        TapeValue weights = new TapeValue(kernel, true, -1);
        var conv = new LinearOp.Conv2d(filters, new Window(3, 3, 1, 1, 1, 1, 1), groups, false);
        TapeValue y = new ConvOps(tape, new MatmulOps(tape, Precision.FP32))
                .convolution(image, weights, null, conv, dy.dims(), ElementType.F32);
        tape.accumulate(y, dy, false);
        tape.backward();
        var outputs = Map.of("y", y.array(), "dx", tape.gradient(image), "dw", tape.gradient(weights));
        Map<String, StridedArray> inputs = Map.of("x", x, "kernel", kernel, "dy", dy);
        try (OneDnnPlan plan = new OneDnnPlan(
                2, tape, tape.steps().size(), inputs, Map.of(), outputs, List.of(), GradientMemory.NONE)) {
            Map<String, INDArray> values = new HashMap<>();
            inputs.forEach((name, array) -> values.put(name, Nd4j.randn(DataType.FLOAT, array.dims())));
            for (int run = 0; run < 2; run++) {
                values.forEach(plan::set);
                plan.forward();
                INDArray expected = definition(values.get("x"), values.get("kernel"), groups);
                assertThat(plan.get("y").sub(expected).amaxNumber().doubleValue())
                        .isLessThan(1e-4);
                // Convolution is linear in the image and in the kernel: <dy, y> = <dx, x> = <dw, kernel>.
                double product = product(values.get("dy"), expected);
                assertThat(product(plan.get("dx"), values.get("x"))).isCloseTo(product, within(0.02));
                assertThat(product(plan.get("dw"), values.get("kernel"))).isCloseTo(product, within(0.02));
            }
        }
    }

    private static double product(INDArray a, INDArray b) {
        return a.castTo(DataType.DOUBLE)
                .mul(b.castTo(DataType.DOUBLE))
                .sumNumber()
                .doubleValue();
    }

    /** Grouped convolution by 3 x 3 windows with padding 1: [B, H, W, C] by [3, 3, C / groups, filters]. */
    private static INDArray definition(INDArray x, INDArray kernel, int groups) {
        long[] dims = x.shape();
        long in = kernel.size(2);
        long filters = kernel.size(3);
        INDArray y = Nd4j.create(DataType.FLOAT, dims[0], dims[1], dims[2], filters);
        for (long[] at : (Iterable<long[]>) () -> new NdIndexIterator(y.shape())) {
            long group = at[3] / (filters / groups);
            double sum = 0;
            for (long i = 0; i < 9 * in; i++) {
                long row = at[1] + i / in / 3 - 1;
                long column = at[2] + i / in % 3 - 1;
                if (row < 0 || row >= dims[1] || column < 0 || column >= dims[2]) continue;
                sum += x.getDouble(at[0], row, column, group * in + i % in)
                        * kernel.getDouble(i / in / 3, i / in % 3, i % in, at[3]);
            }
            y.putScalar(at, sum);
        }
        return y;
    }
}
