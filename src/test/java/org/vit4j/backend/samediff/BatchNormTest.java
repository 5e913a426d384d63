package org.vit4j.backend.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.RunningStatistics;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;

/**
 * Batch norm against plain arithmetic. The loss is a weighted sum of the outputs. A learned table of zeros is added to
 * the input: its gradient is the gradient with respect to the input, summed over examples.
 */
class BatchNormTest {
    private static final int B = 3;
    private static final int T = 4;
    private static final int C = 2;
    private static final int ROWS = B * T;
    private static final double EPSILON = 1e-3;
    private static final double EXACT = 1e-9;
    private static final double[] GAMMA = {0.5, -1.5};
    private static final double[] BETA = {0.1, 0.2};
    private static final double[] MEAN = {0.3, -0.4};
    private static final double[] VARIANCE = {2.0, 0.25};

    private final ParameterStore parameters;
    private final Graph graph = new Graph(Init.PYTORCH);
    private final double[] x = randomValues(1);
    private final double[] factors = randomValues(2);

    BatchNormTest() {
        Tensor shifted = graph.addParameter("table", graph.input("x", T, C), Role.POSITION, Init.ZEROS);
        graph.output("y", graph.batchNorm("norm", shifted, EPSILON));
        parameters = new ParameterStore(graph.parameters(), DataType.DOUBLE);
        parameters.array("norm.gamma").assign(Nd4j.createFromArray(GAMMA));
        parameters.array("norm.beta").assign(Nd4j.createFromArray(BETA));
        parameters.array("norm.mean").assign(Nd4j.createFromArray(MEAN));
        parameters.array("norm.variance").assign(Nd4j.createFromArray(VARIANCE));
    }

    private static double[] randomValues(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return random.doubles(ROWS * C, -2, 3).toArray();
    }

    private static double mean(double[] values, int channel) {
        double sum = 0;
        for (int row = 0; row < ROWS; row++) sum += values[row * C + channel];
        return sum / ROWS;
    }

    private static double variance(double[] values, int channel) {
        double center = mean(values, channel);
        double[] squares =
                Arrays.stream(values).map(v -> (v - center) * (v - center)).toArray();
        return mean(squares, channel);
    }

    private Map<String, double[]> step(Mode mode) {
        SameDiffGraph lowered = SameDiffLowering.lower(graph, parameters, mode);
        SDVariable y = lowered.output("y");
        SDVariable outputFactors = lowered.sd().placeHolder("factors", DataType.DOUBLE, -1, C);
        try (SameDiffGradients gradients =
                new SameDiffGradients(lowered, y.mul(outputFactors).sum(), List.of(y))) {
            Map<String, INDArray> out = gradients.run(Map.of(
                    "x", Nd4j.createFromArray(x).reshape(B, T, C),
                    "factors", Nd4j.createFromArray(factors).reshape(ROWS, C)));
            RunningStatistics.update(parameters, lowered.statistics(), out, B);
            Map<String, double[]> results = new HashMap<>();
            results.put("y", out.get(y.name()).dup('c').data().asDouble());
            for (String weight : List.of("table", "norm.gamma", "norm.beta")) {
                results.put(weight, gradients.gradientOf(weight).dup('c').data().asDouble());
            }
            return results;
        }
    }

    @Test
    void trainingNormalizesByBatchStatisticsAndUpdatesRunningStatistics() {
        Map<String, double[]> results = step(Mode.TRAINING);
        double[] hat = hat(new double[] {mean(x, 0), mean(x, 1)}, new double[] {variance(x, 0), variance(x, 1)});
        check(results, hat);
        double[] inputGradient = new double[ROWS * C];
        for (int c = 0; c < C; c++) {
            double meanGradient = mean(factors, c);
            double deviationGradient = mean(product(factors, hat), c);
            double slope = GAMMA[c] / Math.sqrt(variance(x, c) + EPSILON);
            for (int i = c; i < inputGradient.length; i += C) {
                inputGradient[i] = slope * (factors[i] - meanGradient - hat[i] * deviationGradient);
            }
        }
        assertThat(results.get("table")).containsExactly(overExamples(inputGradient), within(EXACT));
        for (int c = 0; c < C; c++) {
            double unbiased = variance(x, c) * ROWS / (ROWS - 1);
            assertThat(running("mean", c)).isCloseTo(0.9 * MEAN[c] + 0.1 * mean(x, c), within(EXACT));
            assertThat(running("variance", c)).isCloseTo(0.9 * VARIANCE[c] + 0.1 * unbiased, within(EXACT));
        }
    }

    @Test
    void fineTuningNormalizesByRunningStatisticsAndDoesNotUpdateThem() {
        Map<String, double[]> results = step(Mode.FINE_TUNING);
        check(results, hat(MEAN, VARIANCE));
        double[] inputGradient = new double[ROWS * C];
        for (int i = 0; i < inputGradient.length; i++) {
            inputGradient[i] = factors[i] * GAMMA[i % C] / Math.sqrt(VARIANCE[i % C] + EPSILON);
        }
        assertThat(results.get("table")).containsExactly(overExamples(inputGradient), within(EXACT));
        for (int c = 0; c < C; c++) {
            assertThat(running("mean", c)).isEqualTo(MEAN[c]);
            assertThat(running("variance", c)).isEqualTo(VARIANCE[c]);
        }
    }

    @Test
    void fineTuningOutputEqualsInferenceOutput() {
        INDArray inferred = new SameDiffInference(graph, parameters)
                .tensor("norm", Nd4j.createFromArray(x).reshape(B, T, C));
        assertThat(step(Mode.FINE_TUNING).get("y"))
                .containsExactly(inferred.dup('c').data().asDouble(), within(EXACT));
    }

    /** Attention maps of four heads: 9248 rows, whose mean is 170 times their deviation. A float32 sum of them is not enough. */
    @Test
    void columnsFarFromZeroAreCenteredExactlyInFloat32() {
        int heads = 4, rows = 32 * 289;
        Graph maps = new Graph(Init.PYTORCH);
        maps.output("y", maps.batchNorm("norm", maps.input("x", 289, heads), 1e-5));
        ParameterStore floats = new ParameterStore(maps.parameters(), DataType.FLOAT);
        floats.initialize(1);
        SplittableRandom random = new SplittableRandom(3);
        float[] values = new float[rows * heads];
        for (int i = 0; i < values.length; i++) values[i] = (float) (1 / 17.0 + random.nextDouble(-6e-4, 6e-4));
        SameDiffGraph lowered = SameDiffLowering.lower(maps, floats, Mode.TRAINING);
        SDVariable y = lowered.output("y");
        double[] found;
        try (SameDiffGradients gradients =
                new SameDiffGradients(lowered, y.mul(y).sum(), List.of(y))) {
            INDArray x = Nd4j.createFromArray(values).reshape(32, 289, heads);
            found = gradients.run(Map.of("x", x)).get(y.name()).dup('c').data().asDouble();
        }
        for (int head = 0; head < heads; head++) {
            double sum = 0;
            for (int i = head; i < found.length; i += heads) sum += found[i];
            assertThat(sum / rows).as("mean of head %d", head).isCloseTo(0, within(1e-8));
        }
    }

    /** Checks outputs and the gradients of gamma and beta, which are sums over rows for any statistics. */
    private void check(Map<String, double[]> results, double[] hat) {
        double[] y = new double[hat.length];
        for (int i = 0; i < y.length; i++) y[i] = hat[i] * GAMMA[i % C] + BETA[i % C];
        assertThat(results.get("y")).containsExactly(y, within(EXACT));
        for (int c = 0; c < C; c++) {
            assertThat(results.get("norm.gamma")[c]).isCloseTo(ROWS * mean(product(factors, hat), c), within(EXACT));
            assertThat(results.get("norm.beta")[c]).isCloseTo(ROWS * mean(factors, c), within(EXACT));
        }
    }

    private double[] hat(double[] means, double[] variances) {
        double[] hat = new double[x.length];
        for (int i = 0; i < hat.length; i++) hat[i] = (x[i] - means[i % C]) / Math.sqrt(variances[i % C] + EPSILON);
        return hat;
    }

    private static double[] product(double[] a, double[] b) {
        double[] product = new double[a.length];
        for (int i = 0; i < a.length; i++) product[i] = a[i] * b[i];
        return product;
    }

    private static double[] overExamples(double[] values) {
        double[] sum = new double[T * C];
        for (int i = 0; i < values.length; i++) sum[i % sum.length] += values[i];
        return sum;
    }

    private double running(String name, int channel) {
        return parameters.array("norm." + name).getDouble(channel);
    }
}
