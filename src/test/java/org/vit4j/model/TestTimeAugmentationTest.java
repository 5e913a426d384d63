package org.vit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.Interpolation;

class TestTimeAugmentationTest {
    /** Images of 4x4 keep their size and are cropped to 2x2; std 1/255 keeps the pixel values. */
    private static final Preprocessing HALF =
            new Preprocessing(2, 2, 1, 0.5, Interpolation.BICUBIC, List.of(0.0), List.of(1 / 255.0));

    private static Image ramp(int side) {
        float[] pixels = new float[side * side];
        for (int i = 0; i < pixels.length; i++) pixels[i] = i;
        return new Image(side, side, 1, pixels);
    }

    private static void assertPixels(float[] actual, double... expected) {
        assertThat(actual).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) assertThat((double) actual[i]).isCloseTo(expected[i], within(1e-4));
    }

    @Test
    void fiveCropsAreTheCornersAndTheCenter() {
        // Rows of the image: 0 1 2 3 / 4 5 6 7 / 8 9 10 11 / 12 13 14 15.
        assertPixels(
                TestTimeAugmentation.FIVE_CROP.apply(HALF, ramp(4)),
                new double[] {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, 5, 6, 9, 10});
    }

    @Test
    void fiveCropsOfAnImageOfTheInputSizeDiffer() {
        float[] crops = TestTimeAugmentation.FIVE_CROP.apply(HALF, ramp(2));
        assertThat(crops).hasSize(20);
        assertThat(crops[0]).isLessThan(crops[12]); // upper left corner of the first and the last corner crop
    }

    @Test
    void flipHasTheCenterAndItsMirrorImage() {
        assertPixels(TestTimeAugmentation.FLIP.apply(HALF, ramp(4)), 5, 6, 9, 10, 6, 5, 10, 9);
        assertPixels(TestTimeAugmentation.NONE.apply(HALF, ramp(4)), 5, 6, 9, 10);
    }

    @Test
    void probabilitiesOfViewsAreAveraged() {
        // softmax(1, 2, 3) = 0.09003057, 0.24472847, 0.66524096; the second row is reversed.
        List<Prediction> top = Prediction.sorted(
                        List.of("a", "b", "c"), OutputActivation.SOFTMAX, new float[][] {{1, 2, 3}, {3, 2, 1}, {1, 2, 3}
                        })
                .subList(0, 2);
        assertThat(top).extracting(Prediction::label).containsExactly("c", "a");
        assertThat(top.get(0).probability()).isCloseTo((2 * 0.66524096 + 0.09003057) / 3, within(1e-8));
        assertThat(top.get(1).probability()).isCloseTo((2 * 0.09003057 + 0.66524096) / 3, within(1e-8));
    }
}
