package org.vit4j.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GraphTest {
    private final Graph g = new Graph(Init.PYTORCH);
    private final Tensor x = g.input("x", 5, 8);

    @Test
    void scopesPrefixTensorNamesAndTensorsPrefixParameterNames() {
        Tensor y = g.scope("blocks.0").scope("mlp").dense("fc1", x, 3);
        assertThat(y.name()).isEqualTo("blocks.0.mlp.fc1");
        assertThat(y.parameters())
                .extracting(Parameter::name)
                .containsExactly("blocks.0.mlp.fc1.kernel", "blocks.0.mlp.fc1.bias");
        assertThat(y.parameters()).extracting(Parameter::shape).containsExactly(Shape.of(8, 3), Shape.of(3));
    }

    @Test
    void onlyProductsAndConvolutionsCountAsMacs() {
        assertThat(g.dense("a", x, 3).macs()).isEqualTo(5 * 8 * 3);
        Tensor q = g.splitHeads("q", x, 2);
        assertThat(g.scores("s", q, q, 1).macs()).isEqualTo(2 * 5 * 5 * 4);
        assertThat(g.layerNorm("n", x, 1e-6).macs()).isZero();
        Tensor image = g.input("image", 8, 8, 4);
        assertThat(g.conv2d("c", image, 6, Window.square(3, 2, 1), 2, true).macs())
                .isEqualTo(4 * 4 * 6 * 9 * 2);
    }

    @Test
    void mismatchedShapesAreReportedWithTheTensorName() {
        assertThatThrownBy(() -> g.scope("attn").splitHeads("q", x, 3))
                .hasMessage("attn.q: cannot split [5, 8] into 1 x 3 heads");
        Tensor other = g.input("y", 4, 8);
        assertThatThrownBy(() -> g.add("sum", x, other)).hasMessage("sum: cannot add [5, 8] and [4, 8]");
        assertThatThrownBy(() -> g.reshape("r", x, 7, 7)).hasMessage("r: cannot reshape [5, 8] to [7, 7]");
        assertThatThrownBy(() -> g.slice("s", x, 0, 3, 9))
                .hasMessage("s: slice [3, 9) is out of range for axis 0 of [5, 8]");
        Tensor image = g.input("image", 8, 8, 3);
        assertThatThrownBy(() -> g.conv2d("c", image, 4, Window.square(3, 1, 0), 2, true))
                .hasMessage("c: 3 channels cannot be split into 2 groups");
        assertThatThrownBy(() -> g.conv2d("d", image, 4, Window.square(9, 1, 0), 1, true))
                .hasMessage("d: a window of 9 does not fit into 8 pixels with padding 0");
        assertThatThrownBy(() -> g.maxPool("p", image, new Window(3, 3, 1, 1, 1, 1, 2)))
                .hasMessage("p: pooling with dilation 2 is not supported");
        assertThatThrownBy(() -> g.avgPool("p", image, new Window(3, 3, 1, 1, 1, 1, 2), false))
                .hasMessage("p: pooling with dilation 2 is not supported");
        assertThatThrownBy(() -> g.maxPool("p", image, Window.square(2, 1, 2)))
                .hasMessageStartingWith("p: pooling with windows of padding only is not supported");
    }

    @Test
    void axesCountsAndRatesOutOfRangeAreReportedWithTheTensorName() {
        assertThatThrownBy(() -> g.splitHeads("h", x, 2, 1, 1)).hasMessage("h: part 1 out of range [0, 1)");
        assertThatThrownBy(() -> g.splitHeads("h", x, 2, -1, 2)).hasMessage("h: part -1 out of range [0, 2)");
        assertThatThrownBy(() -> g.splitHeads("h", x, 0)).hasMessage("h: heads (0) must be at least 1");
        for (int axis : new int[] {-1, 2}) {
            String message = "a: axis " + axis + " out of range [0, 2) of [5, 8]";
            assertThatThrownBy(() -> g.mean("a", x, axis)).hasMessage(message);
            assertThatThrownBy(() -> g.concat("a", axis, x, x)).hasMessage(message);
            assertThatThrownBy(() -> g.slice("a", x, axis, 0, 1)).hasMessage(message);
            assertThatThrownBy(() -> g.batchNorm("a", x, axis, 1e-5, Init.ONES)).hasMessage(message);
        }
        assertThatThrownBy(() -> g.concat("a", 0)).hasMessage("a: expected an input");
        Tensor scalar = g.input("scalar");
        assertThatThrownBy(() -> g.dense("a", scalar, 3)).hasMessage("a: expected an input with an axis, got a scalar");
        Tensor image = g.input("image", 8, 8, 4);
        assertThatThrownBy(() -> g.conv2d("c", image, 4, Window.square(3, 1, 0), 0, true))
                .hasMessage("c: groups (0) must be at least 1");
        assertThatThrownBy(() -> g.pad("p", image, 0, -1, 0, 0))
                .hasMessage("p: padding (0, -1, 0, 0) must be at least 0");
        for (double rate : new double[] {-0.1, 1, Double.NaN}) {
            String message = "d: rate (" + rate + ") must be in [0, 1)";
            assertThatThrownBy(() -> g.dropout("d", x, rate)).hasMessage(message);
            assertThatThrownBy(() -> g.dropPath("d", x, rate)).hasMessage(message);
            assertThatThrownBy(() -> g.dropLayer("d", x, "stack", 0, 2, rate)).hasMessage(message);
        }
        assertThatThrownBy(() -> g.layerNorm("n", x, -1)).hasMessage("n: epsilon (-1.0) must be at least 0 and finite");
        assertThatThrownBy(() -> g.scale("s", x, Double.NaN)).hasMessage("s: factor (NaN) must be finite");
    }

    @Test
    void tensorsOfAnotherGraphAreRejected() {
        Tensor other = new Graph(Init.PYTORCH).input("x", 5, 8);
        assertThatThrownBy(() -> g.add("sum", x, other)).hasMessage("sum: 'x' is of another graph");
        assertThatThrownBy(() -> g.output("logits", other)).hasMessage("output logits: 'x' is of another graph");
    }

    @Test
    void duplicateNamesAreRejected() {
        g.dense("a", x, 3);
        assertThatThrownBy(() -> g.dense("a", x, 3)).hasMessage("duplicate parameter 'a.kernel'");
        g.scale("b", x, 2);
        assertThatThrownBy(() -> g.scale("b", x, 3)).hasMessage("duplicate tensor 'b'");
    }

    @Test
    void initialValuesHaveTheExpectedMeanAndDeviation() {
        Shape shape = Shape.of(200, 300);
        assertMoments(new Init.NormalInit(0.5).values(shape, new SplittableRandom(1)), 0, 0.5);
        assertMoments(new Init.TruncatedNormalInit(0.02).values(shape, new SplittableRandom(2)), 0, 0.02);
        assertMoments(
                Init.PYTORCH.denseKernel(48, 9).values(shape, new SplittableRandom(3)), 0, 1 / Math.sqrt(3 * 48.0));
        float[] wide = new Init.TruncatedNormalInit(1).values(shape, new SplittableRandom(4));
        for (float value : wide) assertThat(Math.abs(value)).isLessThanOrEqualTo(2);
    }

    /** With 60,000 draws, requires the mean within 5 standard errors and the deviation within 2%. */
    private static void assertMoments(float[] values, double mean, double std) {
        double sum = 0;
        double squares = 0;
        for (float value : values) {
            sum += value;
            squares += (double) value * value;
        }
        double actualMean = sum / values.length;
        assertThat(actualMean)
                .isBetween(mean - 5 * std / Math.sqrt(values.length), mean + 5 * std / Math.sqrt(values.length));
        assertThat(Math.sqrt(squares / values.length - actualMean * actualMean)).isBetween(0.98 * std, 1.02 * std);
    }
}
