package org.vit4j.backend.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.custom.LogSumExp;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.machine.SuppressedOutput;
import org.vit4j.train.LossFunctions;

/** Gradients that are added to a graph are those of SameDiff's copy of the graph. */
class ReverseDifferentiationTest {
    private static final List<String> INPUTS = List.of("x", "targets");

    /** Computes a scalar of two inputs, [5, 4] each. */
    private interface Scalar {
        SDVariable of(SameDiff sd, SDVariable x, SDVariable targets);
    }

    private static final Map<String, Scalar> SCALARS = new LinkedHashMap<>();

    static {
        SCALARS.put("cross entropy", LossFunctions::crossEntropy);
        SCALARS.put("binary cross entropy", LossFunctions::binaryCrossEntropy);
        SCALARS.put("loss of SameDiff", (sd, x, targets) -> sd.loss.meanSquaredError(targets, x, sd.constant(1f)));
        SCALARS.put("the same operand twice", (sd, x, targets) -> x.mul(x).sum());
        SCALARS.put(
                "several readers",
                (sd, x, targets) ->
                        x.add(x.mul(targets)).add(sd.math.exp(x)).sub(targets).mean());
        SCALARS.put("one input", (sd, x, targets) -> x.add(1).sum());
        SCALARS.put(
                "an unused part",
                (sd, x, targets) -> sd.split(x, 2, 1)[1].mul(targets.mean()).sum());
        SCALARS.put(
                "a path through integers",
                (sd, x, targets) -> x.mul(
                                sd.argmax(targets, 1).castTo(DataType.FLOAT).reshape(5, 1))
                        .sum());
        SCALARS.put(
                "broadcasts",
                (sd, x, targets) -> x.sub(x.max(true, 1)).mul(targets.mean(0)).std(true));
        SCALARS.put("a constant", (sd, x, targets) -> x.sum().add(sd.constant("two", 2f)));
        SCALARS.put("log-sum-exp", (sd, x, targets) -> {
            SDVariable y = sd.math.logSumExp(x.mul(targets));
            return y.mul(y);
        });
    }

    static Set<String> scalars() {
        return SCALARS.keySet();
    }

    private static SDVariable scalar(String name, SameDiff sd) {
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, 5, 4);
        return SCALARS.get(name).of(sd, x, sd.placeHolder("targets", DataType.FLOAT, 5, 4));
    }

    /** SameDiff's own gradient fails if axes are given; softmax is the known result. */
    @ParameterizedTest
    @CsvSource({"false, 1", "true, 1", "false, -1", "false, 0", "true, 0"})
    void logSumExpOverAnAxisHasTheGradientOfSoftmax(boolean keepsAxes, int axis) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable sum = new LogSumExp(sd, x, keepsAxes, new int[] {axis})
                .outputVariable()
                .sum();
        String gradient =
                ReverseDifferentiation.gradients(sum, List.of("x")).get("x").name();
        INDArray values = Nd4j.linspace(DataType.FLOAT, -1, 0.3, 12).reshape(3, 4);
        INDArray expected = sd.nn.softmax(sd.constant(values), (axis + 2) % 2).eval();
        INDArray result = sd.output(Map.of("x", values), gradient).get(gradient);
        assertThat(result.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-6);
    }

    /** SameDiff returns a gradient for the first operand only. */
    @Test
    void operandsWithoutAGradientAreRejected() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, 5, 4);
        SDVariable clipped = sd.clipByValue(x, sd.constant(-1f), x.max());
        assertThatThrownBy(() -> ReverseDifferentiation.gradients(clipped.sum(), List.of("x")))
                .hasMessage(
                        "the loss uses the operation ClipByValue, which has no gradient for its operand 3 in SameDiff");
    }

    /** Its gradient function throws. */
    @Test
    void operationsWithoutAGradientAreRejected() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, 5, 4);
        SDVariable some = sd.gatherNd(x, sd.constant(Nd4j.createFromArray(new int[][] {{0, 1}, {2, 3}})));
        assertThatThrownBy(() -> ReverseDifferentiation.gradients(some.sum(), List.of("x")))
                .hasMessage(
                        "the loss uses the operation gather_nd, which has no gradient for its operand 1 in SameDiff");
    }

    @ParameterizedTest
    @MethodSource("scalars")
    void gradientsAreThoseOfSameDiff(String function) {
        SameDiff ours = SameDiff.create();
        SDVariable scalar = scalar(function, ours);
        Map<String, SDVariable> gradients = ReverseDifferentiation.gradients(scalar, INPUTS);
        SameDiff theirs = SameDiff.create();
        theirs.setLossVariables(scalar(function, theirs).name());
        SuppressedOutput.withoutOutput(() -> theirs.createGradFunction(INPUTS.toArray(String[]::new)));

        List<String> differentiable = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (String input : INPUTS) {
            SDVariable gradient = theirs.getVariable(input).getGradient();
            assertThat(gradients.containsKey(input)).as(input).isEqualTo(gradient != null);
            if (gradient == null) continue;
            differentiable.add(gradients.get(input).name());
            expected.add(gradient.name());
        }
        assertThat(differentiable).isNotEmpty();
        Nd4j.getRandom().setSeed(3);
        Map<String, INDArray> values =
                Map.of("x", Nd4j.randn(DataType.FLOAT, 5, 4), "targets", Nd4j.rand(DataType.FLOAT, 5, 4));
        Map<String, INDArray> results = ours.output(values, differentiable);
        Map<String, INDArray> reference = theirs.getFunction("grad").output(values, expected);
        for (int i = 0; i < expected.size(); i++)
            assertThat(results.get(differentiable.get(i))).isEqualTo(reference.get(expected.get(i)));
    }
}
