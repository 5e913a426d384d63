package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.data.MixedBatch;

class LossTest {
    private static final double[][] LOGITS = {{0, 2.5, -1.25}, {-40, 33, 0.5}};
    private static final double[][] TARGETS = {{0.1, 0.65, 0.25}, {0, 1, 0.3}};
    private static final LossConfig MEAN = new LossConfig(LossConfig.LossName.BCE, 0, OptionalDouble.empty(), false);
    private static final LossConfig SUM = new LossConfig(LossConfig.LossName.BCE, 0, OptionalDouble.empty(), true);

    @Test
    void binaryCrossEntropyAndGradientEqualTheFormulas() {
        for (LossConfig loss : new LossConfig[] {MEAN, SUM}) {
            double weight = 1.0 / (loss.bceSum() ? 2 : 6);
            double expected = 0;
            double[] gradient = new double[6];
            for (int i = 0; i < 6; i++) {
                double x = LOGITS[i / 3][i % 3];
                double z = TARGETS[i / 3][i % 3];
                expected += weight * (Math.max(x, 0) - x * z + Math.log1p(Math.exp(-Math.abs(x))));
                gradient[i] = weight * (1 / (1 + Math.exp(-x)) - z); // also at 0, the logits of a new head
            }
            Value value = new Value(loss, DataType.DOUBLE, LOGITS, TARGETS);
            assertThat(value.loss).isCloseTo(expected, within(1e-12));
            assertThat(value.gradient).containsExactly(gradient, within(1e-12));
        }
    }

    @Test
    void gradientsEqualFiniteDifferences() {
        double step = 1e-5;
        LossConfig cross = new LossConfig(LossConfig.LossName.CROSS_ENTROPY, 0, OptionalDouble.empty(), false);
        for (LossConfig loss : new LossConfig[] {MEAN, SUM, cross}) {
            double[] gradient = new Value(loss, DataType.DOUBLE, LOGITS, TARGETS).gradient;
            for (int i = 0; i < 6; i++) {
                double[] ends = new double[2];
                for (int side = 0; side < 2; side++) {
                    double[][] moved =
                            Arrays.stream(LOGITS).map(double[]::clone).toArray(double[][]::new);
                    moved[i / 3][i % 3] += side == 0 ? -step : step;
                    ends[side] = new Value(loss, DataType.DOUBLE, moved, TARGETS).loss;
                }
                assertThat((ends[1] - ends[0]) / (2 * step)).isCloseTo(gradient[i], within(1e-7));
            }
        }
    }

    @Test
    void binaryCrossEntropyOfLargeLogitsIsFiniteInSinglePrecision() {
        double[][] large = {{1e4, -1e4, 1e4}, {-1e4, 1e4, 0}};
        Value value = new Value(MEAN, DataType.FLOAT, large, new double[][] {{1, 0, 0.5}, {0, 0, 0}});
        assertThat(value.loss).isCloseTo((5e3 + 1e4 + Math.log(2)) / 6, within(1e-3));
        assertThat(value.gradient).containsExactly(new double[] {0, 0, 0.5 / 6, 0, 1 / 6.0, 0.5 / 6}, within(1e-6));
    }

    @Test
    void crossEntropyOfLargeLogitDifferencesIsFinite() {
        LossConfig cross = new LossConfig(LossConfig.LossName.CROSS_ENTROPY, 0, OptionalDouble.empty(), false);
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            Value value = new Value(
                    cross, type, new double[][] {{2e3, 0, -5e3}, {0, 0, 0}}, new double[][] {{0.5, 0.5, 0}, {1, 0, 0}});
            assertThat(value.loss).isCloseTo((1e3 + Math.log(3)) / 2, within(1e-3));
            assertThat(value.gradient)
                    .containsExactly(new double[] {0.25, -0.25, 0, -1 / 3.0, 1 / 6.0, 1 / 6.0}, within(1e-6));
        }
    }

    @Test
    void targetsOfMixedLabelsEqualTimm() throws IOException {
        JsonNode golden;
        try (var in = LossTest.class.getResourceAsStream("/goldens/recipes/soft_target.json")) {
            golden = new ObjectMapper().readTree(in);
        }
        int[] labels = new int[golden.get("labels").size()];
        for (int i = 0; i < labels.length; i++)
            labels[i] = golden.get("labels").get(i).intValue();
        for (JsonNode c : golden.get("cases")) {
            double lam = c.get("lam").doubleValue();
            LossConfig loss = new LossConfig(
                    LossConfig.LossName.CROSS_ENTROPY, c.get("smoothing").doubleValue(), OptionalDouble.empty(), false);
            List<Float> expected = new ArrayList<>();
            c.get("targets").forEach(row -> row.forEach(value -> expected.add(value.floatValue())));
            INDArray targets = loss.targets(mixed(labels, lam), 7);
            assertThat(targets.shape()).containsExactly(labels.length, 7);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(targets.getFloat(i)).isCloseTo(expected.get(i), within(1e-7f));
            }
        }
    }

    @Test
    void theThresholdAppliesToMixedTargets() {
        LossConfig loss = new LossConfig(LossConfig.LossName.BCE, 0.1, OptionalDouble.of(0.2), false);
        INDArray targets = loss.targets(mixed(new int[] {0, 2}, 0.7), 3);
        assertThat(targets.ravel().toFloatVector()).containsExactly(1, 0, 1, 1, 0, 1);
        assertThat(loss.targets(mixed(new int[] {0, 2}, 0.9), 3).ravel().toFloatVector())
                .containsExactly(1, 0, 0, 0, 0, 1);
    }

    @Test
    void theSectionIsReadAndErrorsAreReported() {
        assertThat(read("{name: bce, label_smoothing: 0.1, bce_threshold: 0.2, bce_sum: true}"))
                .isEqualTo(new LossConfig(LossConfig.LossName.BCE, 0.1, OptionalDouble.of(0.2), true));
        assertThat(read("{}"))
                .isEqualTo(new LossConfig(LossConfig.LossName.CROSS_ENTROPY, 0, OptionalDouble.empty(), false));
        assertRejected("{bce_sum: true}", "loss.bce_sum: only allowed with name: bce");
        assertRejected("{label_smoothing: 1}", "loss: label_smoothing (1.0) must be in [0, 1)");
        assertRejected("{name: bce, bce_threshold: 1}", "loss: bce_threshold (1.0) must be in [0, 1)");
    }

    private static LossConfig read(String section) {
        Config config = Config.parse("loss: " + section, "a.yaml");
        var loss = LossConfig.read(config.root().section("loss"), false);
        config.finish();
        return loss.orElseThrow();
    }

    private static void assertRejected(String section, String message) {
        assertThatThrownBy(() -> read(section)).isInstanceOf(ConfigError.class).hasMessage("a.yaml:1: " + message);
    }

    private static MixedBatch mixed(int[] labels, double share) {
        int n = labels.length;
        double[] shares = new double[n];
        Arrays.fill(shares, share);
        return new MixedBatch(new Batch(n, 1, 1, 1, new float[n], labels, new int[n]), shares);
    }

    /** Loss and gradient with respect to the logits, [B * K]. */
    private static final class Value {
        final double loss;
        final double[] gradient;

        Value(LossConfig kind, DataType type, double[][] logits, double[][] targets) {
            SameDiff sd = SameDiff.create();
            SDVariable x = sd.var("x", Nd4j.createFromArray(logits).castTo(type));
            SDVariable t = sd.placeHolder("t", type, -1, logits[0].length);
            SDVariable out = kind.loss(sd, x, t, logits[0].length);
            sd.setLossVariables(out.name());
            Map<String, INDArray> inputs =
                    Map.of("t", Nd4j.createFromArray(targets).castTo(type));
            loss = sd.outputSingle(inputs, out.name()).getDouble(0);
            INDArray logitsGradient = sd.calculateGradients(inputs, "x").get("x");
            gradient = logitsGradient.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        }
    }
}
