package org.vit4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.data.Batch;

/** Calibration and accuracy with several labels; expected values by NumPy. */
class CalibrationTest {
    private static final double[][] LOGITS = {{2, 0, 0}, {0, 0.1, 0}, {0, 3, 1}, {1, 1.5, 0}, {0, 0, 5}, {4, 0, 0}};
    private static final int[] LABELS = {0, 2, 1, 0, 2, 1};

    /**
     * Largest probabilities: .78698604 .35591307 .84379473 .54654939 .98670329 .96466316; the first, third and fifth images
     * are correct. With p = softmax(logits), c = p.max(1), b = ceil(15 c) - 1: sum over bins of n_b / 6 * |mean(correct) -
     * mean(c)|.
     */
    @Test
    void expectedCalibrationErrorIsThatOfNumPy() {
        Calibration fifteen = new Calibration(15);
        fifteen.add(LOGITS, LABELS);
        assertThat(fifteen.value()).isCloseTo(0.37050802147410555, within(1e-12));
        Calibration four = new Calibration(4); // bins 3 1 3 2 3 3
        four.add(LOGITS, LABELS);
        assertThat(four.value()).isCloseTo(0.24743494702175156, within(1e-12));
    }

    @Test
    void binsHaveMeanConfidenceAndAccuracy() {
        Calibration all = new Calibration(15);
        all.add(LOGITS, LABELS);
        Calibration.CalibrationBin last = all.bins().get(14); // .98670329 is correct, .96466316 is not
        assertThat(last.count()).isEqualTo(2);
        assertThat(last.accuracy()).isEqualTo(0.5);
        assertThat(last.confidence()).isCloseTo((0.98670329 + 0.96466316) / 2, within(1e-8));
        assertThat(all.bins()).extracting(Calibration.CalibrationBin::count).contains(0L);
        assertThat(all.bins().stream()
                        .mapToLong(Calibration.CalibrationBin::count)
                        .sum())
                .isEqualTo(6);
    }

    @Test
    void certainPredictionsAreInTheLastBin() {
        Calibration one = new Calibration(15);
        one.add(new double[][] {{1000, 0}}, new int[] {1});
        assertThat(one.bins().get(14).count()).isEqualTo(1);
        assertThat(one.value()).isEqualTo(1);
        assertThat(new Calibration(15).value()).isZero();
    }

    @Test
    void imagesWithSeveralLabelsAreCorrectIfOneIsPredicted() {
        var accuracy = new MultiLabelAccuracy(List.of(List.of(6, 2), List.of(), List.of(0), List.of(1, 2)));
        double[][] logits = {
            {0, 1, 2, 3, 4, 5, 6}, // predicts 6: correct
            {0, 1, 2, 3, 4, 5, 6}, // has no labels: left out
            {0, 1, 2, 3, 4, 5, 6}, // 0 is not among the five largest
            {0, 1, 2, 3, 4, 5, 6} // 2 is the fifth largest
        };
        accuracy.add(new Batch(4, 1, 1, 1, new float[4], new int[4], new int[] {0, 1, 2, 3}), logits);
        assertThat(accuracy.count()).isEqualTo(3);
        assertThat(accuracy.top1()).isCloseTo(1 / 3.0, within(1e-12));
        assertThat(accuracy.top5()).isCloseTo(2 / 3.0, within(1e-12));
    }
}
