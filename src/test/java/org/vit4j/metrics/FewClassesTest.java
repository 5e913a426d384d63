package org.vit4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Inference;
import org.vit4j.backend.OpTime;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.graph.Graph;

/** Scores with few classes and with classes without images; expected values by tools/few_classes.py (PyTorch). */
class FewClassesTest {

    /** Logits of each image with its label, and {@code loss, top1, top5} of PyTorch. */
    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of("one class", new float[][] {{3.5f}, {-2}, {0}}, new int[] {0, 0, 0}, 0.0, 1.0, 1.0),
                Arguments.of(
                        "two classes",
                        new float[][] {{1, 2}, {3, -1}, {0.5f, 0.25f}},
                        new int[] {1, 1, 0},
                        1.635783678438292,
                        2 / 3.0,
                        1.0),
                Arguments.of(
                        "four classes, one without images",
                        new float[][] {{0.1f, 0.9f, 0.3f, -1}, {2, 1, 0, -1}, {0, 0, 4, 1}, {-1, -2, -3, -0.5f}},
                        new int[] {1, 1, 2, 0},
                        0.8588736849720953,
                        0.5,
                        1.0),
                Arguments.of(
                        "five classes",
                        new float[][] {{5, 4, 3, 2, 1}, {1, 2, 3, 4, 5}},
                        new int[] {4, 4},
                        2.4519143959375933,
                        0.5,
                        1.0),
                Arguments.of(
                        "seven classes, four without images",
                        new float[][] {{7, 6, 5, 4, 3, 2, 1}, {1, 2, 3, 4, 5, 6, 7}, {0, 9, 1, 2, 3, 4, 5}},
                        new int[] {5, 2, 1},
                        3.3146729902679266,
                        1 / 3.0,
                        2 / 3.0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void scoresAreThoseOfPyTorch(String name, float[][] logits, int[] labels, double loss, double top1, double top5) {
        int k = logits[0].length;
        List<String> classes = IntStream.range(0, k).mapToObj(i -> "c" + i).toList();
        Scores scores = Evaluator.evaluate(new Fixed(logits), new Labels(labels), classes);
        assertThat(scores.loss()).isEqualTo(loss, within(1e-6));
        assertThat(scores.top1()).isEqualTo(top1, within(1e-12));
        assertThat(scores.top5()).isEqualTo(top5, within(1e-12));
        assertThat(scores.count()).isEqualTo(labels.length);
        assertThat(scores.classes()).hasSize(k);
        long images = 0;
        for (Scores.ClassScore score : scores.classes()) {
            images += score.count();
            assertThat(score.precision()).isBetween(0.0, 1.0);
            assertThat(score.recall()).isBetween(0.0, 1.0);
            assertThat(score.f1()).isBetween(0.0, 1.0);
            if (score.count() == 0) assertThat(score.recall()).isZero();
        }
        assertThat(images).isEqualTo(labels.length);
    }

    @Test
    void nanIsNotAmongTheLargest() {
        double nan = Double.NaN;
        double[] broken = {nan, nan, nan, nan, nan, nan};
        for (int label = 0; label < 6; label++) {
            assertThat(Evaluator.isAmong(broken, label, 5)).isFalse();
            assertThat(Evaluator.isAmong(broken, label, 6)).isTrue();
        }
        double[] partly = {nan, 2, 1, 1};
        assertThat(Evaluator.isAmong(partly, 1, 1)).isFalse();
        assertThat(Evaluator.isAmong(partly, 1, 2)).isTrue();
        assertThat(Evaluator.isAmong(partly, 3, 2)).isFalse();
    }

    @Test
    void precisionRecallAndF1AreCounts() {
        float[][] logits = {{0.1f, 0.9f, 0.3f, -1}, {2, 1, 0, -1}, {0, 0, 4, 1}, {-1, -2, -3, -0.5f}};
        Scores scores = Evaluator.evaluate(
                new Fixed(logits), new Labels(new int[] {1, 1, 2, 0}), List.of("a", "b", "c", "without images"));
        assertThat(scores.classes())
                .containsExactly(
                        new Scores.ClassScore("a", 1, 0, 0, 0),
                        new Scores.ClassScore("b", 2, 1, 0.5, 2 / 3.0),
                        new Scores.ClassScore("c", 1, 1, 1, 1),
                        new Scores.ClassScore("without images", 0, 0, 0, 0));
        assertThat(scores.confusion())
                .isDeepEqualTo(new long[][] {{0, 0, 0, 1}, {1, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 0}});
    }

    /** A network whose logits are given. */
    private record Fixed(float[][] rows) implements Inference {
        @Override
        public INDArray logits(INDArray images) {
            return Nd4j.create(rows);
        }

        @Override
        public Graph graph() {
            throw new UnsupportedOperationException();
        }

        @Override
        public INDArray tensor(String name, Map<String, INDArray> inputs) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Map<String, INDArray> tensors(List<String> names, Map<String, INDArray> inputs) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<OpTime> profile(INDArray images, int runs) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    /** One batch of images of a pixel. */
    private record Labels(int[] labels) implements BatchSource {
        @Override
        public int batchesPerEpoch() {
            return 1;
        }

        @Override
        public BatchIterator epoch(int epoch, int skipBatches) {
            Iterator<Batch> one = List.of(
                            new Batch(labels.length, 1, 1, 1, new float[labels.length], labels, new int[labels.length]))
                    .iterator();
            return new BatchIterator() {
                @Override
                public boolean hasNext() {
                    return one.hasNext();
                }

                @Override
                public Batch next() {
                    return one.next();
                }

                @Override
                public void close() {}
            };
        }
    }

    /** Expected values: scikit-learn's precision_recall_fscore_support; the last class does not occur. */
    @Test
    void averagesOfTheClassesEqualScikitLearn() {
        int[] labels = {0, 0, 1, 1, 1, 2, 2, 4};
        int[] predicted = {0, 1, 1, 1, 3, 2, 0, 4};
        ScoreSums sums = new ScoreSums(6);
        double[][] logits = new double[8][6];
        for (int i = 0; i < 8; i++) logits[i][predicted[i]] = 1;
        sums.add(logits, labels);
        Scores scores = sums.scores(sums.numbers());
        Scores.ClassScore macro = scores.macro();
        assertThat(macro.precision()).isCloseTo(0.6333333333333333, within(1e-12));
        assertThat(macro.recall()).isCloseTo(0.5333333333333333, within(1e-12));
        assertThat(macro.f1()).isCloseTo(0.5666666666666667, within(1e-12));
        Scores.ClassScore weighted = scores.weighted();
        assertThat(weighted.precision()).isCloseTo(0.75, within(1e-12));
        assertThat(weighted.recall()).isCloseTo(0.625, within(1e-12));
        assertThat(weighted.f1()).isCloseTo(0.6666666666666666, within(1e-12));
    }
}
