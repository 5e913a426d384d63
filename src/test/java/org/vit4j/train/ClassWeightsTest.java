package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.data.MixedBatch;
import org.vit4j.run.RunConfig;
import org.vit4j.train.LossConfig.LossName;

/** Compares weighted losses and their gradients with PyTorch, balanced weights with scikit-learn. */
class ClassWeightsTest {
    private static final List<String> CLASSES = List.of("cat", "dog", "eel");
    private final JsonNode numbers = TrainingNumbers.section("class_weights");

    private List<Double> weights() {
        return StreamSupport.stream(numbers.path("weights").spliterator(), false)
                .map(JsonNode::asDouble)
                .toList();
    }

    private void lossEqualsPyTorch(LossName name, double smoothing, String key) {
        ClassWeights weights = new ClassWeights(weights(), Map.of());
        Loss loss = new LossConfig(name, smoothing, OptionalDouble.empty(), false, Optional.of(weights))
                .forClasses(CLASSES, Optional.empty());
        TrainingNumbers.check(
                loss,
                loss.targets(TrainingNumbers.batch(TrainingNumbers.ints(numbers.path("labels"))), 3),
                numbers.path("logits"),
                Optional.empty(),
                Optional.empty(),
                numbers.path(key));
    }

    @Test
    void lossAndGradientEqualPyTorch() {
        lossEqualsPyTorch(LossName.CROSS_ENTROPY, 0, "cross_entropy");
        lossEqualsPyTorch(LossName.CROSS_ENTROPY, 0.1, "label_smoothing");
        lossEqualsPyTorch(LossName.BCE, 0, "bce");
    }

    @Test
    void lossOfImagesWithSeveralLabelsEqualsPyTorch() {
        JsonNode several = TrainingNumbers.section("multi_label");
        MixedBatch batch = TrainingNumbers.batch(new int[8]);
        Loss loss = new LossConfig(LossName.BCE, 0, OptionalDouble.empty(), false);
        var targets = SoftTargets.multiHot(
                batch, i -> TrainingNumbers.ints(several.path("labels").path(i)), 4);
        TrainingNumbers.check(
                loss,
                loss.multiTargets(targets),
                several.path("logits"),
                Optional.empty(),
                Optional.empty(),
                several.path("bce"));
    }

    @Test
    void smoothingOfSeveralLabelsMovesTargetsTowardOneHalf() {
        Loss loss = new LossConfig(LossName.BCE, 0.1, OptionalDouble.empty(), false);
        MixedBatch mixed = new MixedBatch(TrainingNumbers.batch(0, 0).batch(), new double[] {0.75, 1});
        var targets = SoftTargets.multiHot(mixed, i -> i == 0 ? new int[] {0, 1} : new int[] {1}, 3);
        assertThat(targets.dup('c').data().asDouble())
                .containsExactly(new double[] {0.75, 1, 0, 0, 1, 0}, within(1e-7));
        assertThat(loss.multiTargets(targets).dup('c').data().asDouble())
                .containsExactly(new double[] {0.725, 0.95, 0.05, 0.05, 0.95, 0.05}, within(1e-7));
    }

    @Test
    void balancedWeightsEqualScikitLearn() {
        double[] expected = StreamSupport.stream(numbers.path("balanced").spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
        double[] weights = ClassWeights.balanced().of(CLASSES, Optional.of(new long[] {3, 1, 2}));
        assertThat(weights).containsExactly(expected, within(1e-12));
    }

    @Test
    void classesWithoutImagesWeighOne() {
        assertThat(ClassWeights.balanced().of(CLASSES, Optional.of(new long[] {3, 0, 1})))
                .containsExactly(2 / 3.0, 1, 2);
    }

    @Test
    void mixedImagesHaveTheWeightsOfBothLabelsByTheirShare() {
        Loss loss = new LossConfig(
                        LossName.CROSS_ENTROPY,
                        0,
                        OptionalDouble.empty(),
                        false,
                        Optional.of(new ClassWeights(List.of(1.0, 3.0), Map.of())))
                .forClasses(List.of("a", "b"), Optional.empty());
        Batch batch = TrainingNumbers.batch(0, 1).batch();
        var targets = loss.targets(new MixedBatch(batch, new double[] {0.75, 1}), 2);
        // weights of the images: 0.75 * 1 + 0.25 * 3 and 3
        assertThat(targets.dup('c').data().asDouble())
                .containsExactly(new double[] {0.75 * 2 / 4.5, 0.75 * 2 / 4.5, 0, 3 * 2 / 4.5}, within(1e-7));
    }

    @Test
    void weightsByNameAreOneForOtherClasses() {
        assertThat(new ClassWeights(List.of(), Map.of("dog", 2.5)).of(CLASSES, Optional.empty()))
                .containsExactly(1, 2.5, 1);
        assertThatThrownBy(() -> new ClassWeights(List.of(), Map.of("dgo", 2.5)).of(CLASSES, Optional.empty()))
                .isInstanceOf(ConfigError.class)
                .hasMessage("train.loss.class_weights: no class 'dgo' in the data, did you mean 'dog'?");
        Map<String, Double> zero = CLASSES.stream().collect(Collectors.toMap(name -> name, name -> 0.0));
        assertThatThrownBy(() -> new ClassWeights(List.of(), zero).of(CLASSES, Optional.empty()))
                .isInstanceOf(ConfigError.class)
                .hasMessage("train.loss.class_weights: must contain a positive weight");
        assertThatThrownBy(() -> ClassWeights.balanced().of(CLASSES, Optional.empty()))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("balanced needs data whose labels are known");
    }

    private static void rejected(String value, String message) {
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.loss.class_weights=" + value)))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.loss.class_weights")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void badValuesAreRejectedWithOneLine() {
        rejected("[1, 2]", "2 weights for 10 classes");
        rejected("balancd", "unknown value 'balancd', did you mean 'balanced'?");
        rejected("[1, 1, 1, 1, 1, 1, 1, 1, 1, -1]", "class_weights (-1.0) must be at least 0");
        rejected("{\"3\": -2}", "class_weights.3 (-2.0) must be at least 0");
        rejected("{}", "got an empty section");
        rejected("[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]", "must contain a positive weight");
    }
}
