package org.vit4j.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares each optimizer with its published formula, computed here element-wise in double. */
class OptimizersTest {
    private static final double EXACT = 1e-12;

    /** Two trainable parameters, the second with half the learning rate and no decay, and one frozen element. */
    private static final ParamGroups GROUPS =
            new ParamGroups(List.of(new ParamRange("a.kernel", 0, 3, 1, 0.1), new ParamRange("a.bias", 3, 2, 0.5, 0)));

    private static final double[] START = {0.5, -1.5, 2, 0.25, -0.75, 9};
    private static final double[][] GRADIENTS = {
        {0.3, -2, 0.01, 1, 0, 0}, {-0.2, 0.5, 0.02, -3, 0, 0}, {4, -0.1, 0.03, 0.5, 0.2, 0}
    };

    /** Computes the update of one parameter, which is subtracted from it. */
    private interface Rule {
        double[] step(int t, ParamRange range, double[] weight, double[] gradient, double lr, double[] m, double[] v);
    }

    private static void follow(Optimizer optimizer, Rule rule) {
        INDArray parameters = Nd4j.createFromArray(START);
        Optimizer.OptimizerState state = optimizer.start(parameters, GROUPS);
        double[] expected = START.clone();
        double[] m = new double[START.length];
        double[] v = new double[START.length];
        for (int t = 1; t <= GRADIENTS.length; t++) {
            double lr = optimizer.lr() / t;
            state.step(Nd4j.createFromArray(GRADIENTS[t - 1]), lr);
            for (ParamRange range : GROUPS.ranges()) {
                int from = (int) range.from();
                int to = from + (int) range.size();
                double[] ownM = Arrays.copyOfRange(m, from, to);
                double[] ownV = Arrays.copyOfRange(v, from, to);
                double[] weight = Arrays.copyOfRange(expected, from, to);
                double[] gradient = Arrays.copyOfRange(GRADIENTS[t - 1], from, to);
                double[] minus = rule.step(t, range, weight, gradient, lr * range.lrScale(), ownM, ownV);
                for (int i = 0; i < minus.length; i++) expected[from + i] -= minus[i];
                System.arraycopy(ownM, 0, m, from, ownM.length);
                System.arraycopy(ownV, 0, v, from, ownV.length);
            }
            assertThat(parameters.toDoubleVector()).as("step " + t).containsExactly(expected, within(EXACT));
        }
        assertThat(state.steps()).isEqualTo(GRADIENTS.length);
    }

    private static double[] each(int n, java.util.function.IntToDoubleFunction value) {
        return IntStream.range(0, n).mapToDouble(value).toArray();
    }

    private static double adam(int t, double g, double[] m, double[] v, int i, double eps) {
        m[i] = 0.9 * m[i] + 0.1 * g;
        v[i] = 0.95 * v[i] + 0.05 * g * g;
        return m[i] / (1 - Math.pow(0.9, t)) / (Math.sqrt(v[i] / (1 - Math.pow(0.95, t))) + eps);
    }

    private static double norm(double[] x) {
        return Math.sqrt(Arrays.stream(x).map(a -> a * a).sum());
    }

    @Test
    void adamwDecouplesWeightDecay() {
        follow(
                new AdamW(0.1, 0.1, 0.9, 0.95, 1e-3),
                (t, range, w, g, lr, m, v) ->
                        each(w.length, i -> lr * range.weightDecay() * w[i] + lr * adam(t, g[i], m, v, i, 1e-3)));
    }

    /** Floats are updated by a loop of their own. */
    @Test
    void adamwOfFloatsIsThatOfDoubles() {
        INDArray doubles = Nd4j.createFromArray(START);
        INDArray floats = doubles.castTo(DataType.FLOAT);
        AdamW adamw = new AdamW(0.1, 0.1, 0.9, 0.95, 1e-3);
        Optimizer.OptimizerState expected = adamw.start(doubles, GROUPS);
        Optimizer.OptimizerState found = adamw.start(floats, GROUPS);
        for (double[] gradient : GRADIENTS) {
            expected.step(Nd4j.createFromArray(gradient), 0.1);
            found.step(Nd4j.createFromArray(gradient).castTo(DataType.FLOAT), 0.1);
        }
        assertThat(floats.toDoubleVector()).containsExactly(doubles.toDoubleVector(), within(1e-6));
        assertThat(floats.getDouble(5)).as("outside of all groups").isEqualTo(START[5]);
    }

    @Test
    void adamAddsWeightDecayToTheGradient() {
        follow(
                new Adam(0.1, 0.1, 0.9, 0.95, 1e-3),
                (t, range, w, g, lr, m, v) ->
                        each(w.length, i -> lr * adam(t, g[i] + range.weightDecay() * w[i], m, v, i, 1e-3)));
    }

    @Test
    void sgdAppliesNesterovMomentum() {
        follow(
                new Sgd(0.1, 0.1, 0.9, true),
                (t, range, w, g, lr, m, v) -> each(w.length, i -> {
                    double d = g[i] + range.weightDecay() * w[i];
                    m[i] = 0.9 * m[i] + d;
                    return lr * (d + 0.9 * m[i]);
                }));
    }

    @Test
    void lionUpdatesByTheSign() {
        follow(
                new Lion(0.1, 0.1, 0.9, 0.95),
                (t, range, w, g, lr, m, v) -> each(w.length, i -> {
                    double sign = Math.signum(0.9 * m[i] + 0.1 * g[i]);
                    m[i] = 0.95 * m[i] + 0.05 * g[i];
                    return lr * range.weightDecay() * w[i] + lr * sign;
                }));
    }

    @Test
    void lambScalesUpdatesByTheTrustRatio() {
        for (boolean always : new boolean[] {false, true}) {
            follow(new Lamb(0.1, 0.1, 0.9, 0.95, 1e-3, 1, false, always), (t, range, w, g, lr, m, v) -> {
                double all = Math.max(1, norm(GRADIENTS[t - 1]));
                double[] u = each(w.length, i -> adam(t, g[i] / all, m, v, i, 1e-3) + range.weightDecay() * w[i]);
                double trust = range.weightDecay() > 0 || always ? norm(w) / norm(u) : 1;
                return each(w.length, i -> lr * trust * u[i]);
            });
        }
    }

    @Test
    void lambcLimitsTheTrustRatioToOne() {
        INDArray parameters = Nd4j.createFromArray(300.0, 400.0);
        ParamGroups one = new ParamGroups(List.of(new ParamRange("w", 0, 2, 1, 0)));
        new Lamb(0.1, 0, 0.9, 0.95, 1e-9, 1, true, true)
                .start(parameters, one)
                .step(Nd4j.createFromArray(1e-3, -1e-3), 0.1);
        assertThat(parameters.toDoubleVector()).containsExactly(new double[] {299.9, 400.1}, within(1e-6));
    }

    @Test
    void adjacentRangesWithEqualSettingsAreMerged() {
        ParamGroups groups = new ParamGroups(List.of(
                new ParamRange("a", 0, 3, 1, 0.1),
                new ParamRange("b", 3, 2, 1, 0),
                new ParamRange("c", 5, 2, 1, 0),
                new ParamRange("e", 9, 1, 1, 0),
                new ParamRange("f", 10, 1, 0.5, 0)));
        assertThat(groups.spans())
                .containsExactly(span(0, 3, 1, 0.1), span(3, 7, 1, 0), span(9, 10, 1, 0), span(10, 11, 0.5, 0));
    }

    private static ParamGroups.ParamSpan span(long from, long to, double lrScale, double weightDecay) {
        return new ParamGroups.ParamSpan(from, to, new ParamGroups.ParamSettings(lrScale, weightDecay));
    }
}
