package org.vit4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.vit4j.data.Batch;
import org.vit4j.train.TrainingNumbers;

/** Compares the metrics of images with several labels with scikit-learn and PyTorch. */
class MultiLabelTest {
    private static final double EXACT = 1e-12;
    private final JsonNode numbers = TrainingNumbers.section("multi_label");

    private int[] labels(int image) {
        return StreamSupport.stream(numbers.path("labels").path(image).spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    private static double[] doubles(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    /** Adds the images in two batches of another order. */
    private void addAll(Metric.MetricState state) {
        for (int[] indices : new int[][] {{3, 1, 7, 0}, {2, 6, 5, 4}}) {
            double[][] rows = IntStream.of(indices)
                    .mapToObj(i -> doubles(numbers.path("logits").path(i)))
                    .toArray(double[][]::new);
            state.add(new Batch(4, 1, 1, 1, new float[4], new int[4], indices), rows);
        }
    }

    @Test
    void averagePrecisionEqualsScikitLearnAlsoWithTies() {
        AveragePrecision precision = new AveragePrecision(this::labels);
        addAll(precision);
        List<OptionalDouble> byClass = precision.byClass();
        double[] expected = doubles(numbers.path("average_precision"));
        for (int k = 0; k < 3; k++) assertThat(byClass.get(k).orElseThrow()).isCloseTo(expected[k], within(EXACT));
        assertThat(byClass.get(3)).isEmpty(); // no image has it
        assertThat(precision.value()).isCloseTo(numbers.path("map").asDouble(), within(EXACT));
    }

    @Test
    void averagePrecisionOfNaNIsNaN() {
        AveragePrecision precision = new AveragePrecision(i -> new int[] {i});
        double[][] logits = {{1, Double.NaN}, {0, 2}};
        precision.add(new Batch(2, 1, 1, 1, new float[2], new int[2], new int[] {0, 1}), logits);
        assertThat(precision.byClass()).containsExactly(OptionalDouble.of(1), OptionalDouble.of(Double.NaN));
        assertThat(precision.value()).isNaN();
        assertThat(precision.micro()).isNaN();
    }

    @Test
    void lossAndF1EqualTheReferences() {
        MultiLabelScores state = new MultiLabelScores(this::labels, List.of("a", "b", "c", "d"));
        addAll(state);
        Scores scores = state.scores();
        assertThat(scores.loss()).isCloseTo(numbers.path("bce").path("loss").asDouble(), within(EXACT));
        double[] f1 =
                scores.classes().stream().mapToDouble(Scores.ClassScore::f1).toArray();
        assertThat(f1).containsExactly(doubles(numbers.path("f1")), within(EXACT));
        assertThat(scores.count()).isEqualTo(8);
        assertThat(scores.confusion()).isEmpty();
    }

    @Test
    void averagesAtAThresholdEqualScikitLearn() {
        for (double threshold : new double[] {0.5, 0.3, 0.8}) {
            MultiLabelScores scores = new MultiLabelScores(this::labels, List.of("a", "b", "c", "d"), threshold);
            AveragePrecision precision = new AveragePrecision(this::labels);
            addAll(scores);
            addAll(precision);
            Map<String, Double> values = MultiLabelSummary.of(scores, precision).values();
            assertThat(values.remove("map")).isCloseTo(numbers.path("map").asDouble(), within(EXACT));
            assertThat(values.remove("map_micro"))
                    .isCloseTo(numbers.path("map_micro").asDouble(), within(EXACT));
            JsonNode expected = numbers.path("at_threshold").path(String.valueOf(threshold));
            assertThat(values).hasSize(6).hasSameSizeAs(expected);
            values.forEach((name, value) -> assertThat(value)
                    .as(name + " at " + threshold)
                    .isCloseTo(expected.path(name).asDouble(Double.NaN), within(EXACT)));
        }
    }

    @Test
    void imagesWithoutLabelsDoNotCountForTop1() {
        MultiLabelScores state = new MultiLabelScores(i -> i == 0 ? new int[] {1} : new int[0], List.of("a", "b"));
        state.add(new Batch(2, 1, 1, 1, new float[2], new int[2], new int[] {0, 1}), new double[][] {{-1, 1}, {3, 2}});
        assertThat(state.scores().top1()).isEqualTo(1);
        assertThat(new AveragePrecision(i -> new int[0]).value()).isZero();
    }
}
