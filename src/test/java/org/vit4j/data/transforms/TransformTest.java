package org.vit4j.data.transforms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.PixelBox;
import org.vit4j.data.image.TestImages;

class TransformTest {
    private final SplittableRandom random = new SplittableRandom(1);

    @Test
    void resizeToOneNumberSetsTheShorterSideAndTruncatesTheOther() { // int(10 * 17 / 13) = 13
        var resize = new ResizeImage(List.of(10), Interpolation.BILINEAR);
        assertThat(size(resize.apply(TestImages.ramp(13, 17, 3), random))).containsExactly(10, 13);
        assertThat(size(resize.apply(TestImages.ramp(17, 13, 3), random))).containsExactly(13, 10);
        var exact = new ResizeImage(List.of(6, 9), Interpolation.BICUBIC);
        assertThat(size(exact.apply(TestImages.ramp(17, 13, 3), random))).containsExactly(6, 9);
    }

    @Test
    void centerCropRoundsTiesToEvenAsPython() { // round(0.5) = 0, round(1.5) = 2
        Image image = TestImages.ramp(5, 7, 1);
        Image cropped = new CenterCrop(List.of(4)).apply(image, random);
        assertThat(cropped.at(0, 0, 0)).isEqualTo(image.at(0, 2, 0));
    }

    @Test
    void centerCropPadsSmallImagesWithZeros() { // 3 missing: 1 before, 2 after
        Image out = new CenterCrop(List.of(1, 4)).apply(TestImages.flat(1, 1, 1, 9), random);
        assertThat(out.pixels()).containsExactly(0, 9, 0, 0);
    }

    @Test
    void randomCropKeepsTheSizeAndReachesEveryPosition() {
        var crop = new RandomCrop(List.of(), 1, 0);
        Set<Integer> positions = new HashSet<>();
        for (int i = 0; i < 500; i++) {
            Image out = crop.apply(marked(), random);
            assertThat(size(out)).containsExactly(5, 5);
            for (int k = 0; k < 25; k++) if (out.pixels()[k] == 255) positions.add(k);
        }
        assertThat(positions).containsExactlyInAnyOrder(6, 7, 8, 11, 12, 13, 16, 17, 18);
    }

    @Test
    void randomCropPadsSmallImages() {
        Image out = new RandomCrop(List.of(9), 0, 7).apply(TestImages.flat(4, 4, 3, 7), random);
        assertThat(size(out)).containsExactly(9, 9);
        assertThat(out.pixels()).containsOnly(7);
    }

    @Test
    void randomResizedCropHasUniformAreaWithinItsRange() {
        var crop = new RandomResizedCrop(
                List.of(8), new ValueRange(0.25, 1), new ValueRange(0.75, 4 / 3.0), Interpolation.BICUBIC);
        Image image = TestImages.ramp(100, 100, 1);
        double sum = 0;
        for (int i = 0; i < 400; i++) {
            PixelBox window = crop.window(image, random);
            double area = window.height() * window.width() / 10000.0;
            assertThat(area).isBetween(0.24, 1.0);
            assertThat((double) window.width() / window.height()).isBetween(0.73, 1.37);
            sum += area;
        }
        assertThat(sum / 400).isCloseTo(0.6, within(0.04)); // windows that do not fit are drawn again
        assertThat(size(crop.apply(image, random))).containsExactly(8, 8);
    }

    @Test
    void randomResizedCropFallsBackToTheCenterIfNoCropFits() { // 100 wide, 10 high: width round(10 * 4 / 3)
        var crop = new RandomResizedCrop(
                List.of(8), new ValueRange(1, 1), new ValueRange(0.75, 4 / 3.0), Interpolation.BICUBIC);
        Image image = TestImages.ramp(10, 100, 1);
        assertThat(crop.window(image, random)).isEqualTo(new PixelBox(0, (100 - 13) / 2, 10, 13));
        assertThat(crop.window(TestImages.ramp(100, 10, 1), random)).isEqualTo(new PixelBox((100 - 13) / 2, 0, 13, 10));
    }

    @Test
    void flipsReverseTheImageAndAreTheirOwnInverse() {
        Image image = TestImages.ramp(3, 4, 3);
        Image left = new HorizontalFlip(1).apply(image, random);
        Image down = new VerticalFlip(1).apply(image, random);
        assertThat(left.at(1, 0, 2)).isEqualTo(image.at(1, 3, 2));
        assertThat(down.at(0, 1, 2)).isEqualTo(image.at(2, 1, 2));
        assertThat(new HorizontalFlip(1).apply(left, random).pixels()).isEqualTo(image.pixels());
        assertThat(new HorizontalFlip(0).apply(image, random)).isSameAs(image);
        var half = new HorizontalFlip(0.5);
        int flipped = 0;
        for (int i = 0; i < 1000; i++) if (half.apply(image, random).at(0, 0, 0) != image.at(0, 0, 0)) flipped++;
        assertThat(flipped).isBetween(440, 560);
    }

    @Test
    void affineIdentityChangesNothing() {
        var identity = new RandomAffine(0, 0, new ValueRange(1, 1), 0, 0);
        Image image = TestImages.ramp(5, 6, 3);
        assertThat(identity.apply(image, random).pixels()).isEqualTo(image.pixels());
    }

    @Test
    void affineTransformKeepsTheCenterAndFillsTheBorder() {
        var rotation = new RandomAffine(180, 0, new ValueRange(1, 1), 0, 0);
        assertThat(rotation.apply(marked(), random).at(2, 2, 0)).isEqualTo(255);
        var shrink = new RandomAffine(0, 0, new ValueRange(0.5, 0.5), 0, 33);
        Image small = shrink.apply(TestImages.flat(9, 9, 1, 200), random);
        assertThat(small.at(4, 4, 0)).isEqualTo(200);
        assertThat(small.at(0, 0, 0)).isEqualTo(33);
        var randomAffine = new RandomAffine(10, 0.1, new ValueRange(0.9, 1.1), 5, 0);
        assertThat(randomAffine.apply(marked(), random).pixels())
                .isNotEqualTo(randomAffine.apply(marked(), random).pixels());
    }

    @Test
    void affineSamplesByTheInverseMatrix() { // a rotation by 90 degrees: output (dx, dy) is input (dy, -dx)
        Image image = TestImages.ramp(5, 5, 1);
        Image rotated = RandomAffine.affine(image, new double[] {0, 1, 0, -1, 0, 0}, 0);
        assertThat(rotated.at(0, 0, 0)).isEqualTo(image.at(4, 0, 0));
        Image moved = RandomAffine.affine(image, new double[] {1, 0, -1, 0, 1, 0}, 0);
        assertThat(moved.at(2, 3, 0)).isEqualTo(image.at(2, 2, 0));
        assertThat(moved.at(2, 0, 0)).isZero();
    }

    @Test
    void valuesOutOfRangeAreRejected() {
        refused(() -> new HorizontalFlip(1.5), "p (1.5) must be in [0, 1]");
        refused(() -> new CenterCrop(List.of(0)), "size ([0]) must be one integer or [H, W], each at least 1");
        refused(() -> new RandomCrop(List.of(), -1, 0), "padding (-1) must be at least 0");
        refused(() -> new RandomCrop(List.of(), 65537, 0), "padding (65537) must be at most 65536");
        refused(() -> new CenterCrop(List.of(65537)), "size (65537) must be at most 65536");
        refused(() -> new ValueRange(2, 1), "low (2.0) must be at most high (1.0)");
        refused(
                () -> new RandomResizedCrop(
                        List.of(8), new ValueRange(0, 1), new ValueRange(1, 1), Interpolation.BICUBIC),
                "scale ([0.0, 1.0]) must be in (0, 1]");
    }

    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    /** A black 5x5 image with a white center. */
    private static Image marked() {
        Image image = TestImages.flat(5, 5, 1, 0);
        image.pixels()[12] = 255;
        return image;
    }

    private static int[] size(Image image) {
        return new int[] {image.height(), image.width()};
    }
}
