package org.vit4j.data.transforms;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.vit4j.data.image.ByteImage;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageGeometry;
import org.vit4j.data.image.PixelBox;

/**
 * Compares every image operation with Pillow on 10,000 random images and parameters. {@code tools/pillow_cases.py} wrote the
 * checksums of Pillow's results; it draws the same numbers in the same order.
 */
class PillowCasesTest {
    private static final int OPERATIONS = 25;
    private static final List<Interpolation> METHODS =
            List.of(Interpolation.NEAREST, Interpolation.BILINEAR, Interpolation.BICUBIC);

    @Test
    void resultsOfRandomCasesEqualPillows() throws IOException {
        ByteBuffer expected = checksums();
        Map<Integer, Integer> different = new TreeMap<>(); // operation -> first case
        int cases = 0;
        for (; expected.hasRemaining(); cases++) {
            RandomCase random = new RandomCase(cases);
            ByteImage image = random.image();
            byte[] before = image.pixels().clone();
            byte[] result =
                    apply(cases % OPERATIONS, Image.of(image), random).toBytes().pixels();
            assertThat(image.pixels()).as("input of case " + cases).isEqualTo(before);
            CRC32 crc = new CRC32();
            crc.update(result);
            if ((int) crc.getValue() != expected.getInt()) different.putIfAbsent(cases % OPERATIONS, cases);
        }
        assertThat(different).isEmpty();
        assertThat(cases).isEqualTo(10_000);
    }

    /**
     * Operations of {@link #apply} that each transform consists of. Random erasing works on normalized values, and a
     * random crop only moves pixels. A random affine transform follows torchvision's matrix, but neither rounds translations to pixels nor samples as Pillow:
     * {@code TransformTest} has its values.
     */
    @Test
    void everyTransformConsistsOfComparedOperations() {
        Map<String, Set<Integer>> transforms = Map.of(
                "resize", Set.of(0, 1, 2),
                "center_crop", Set.of(4),
                "random_crop", Set.of(),
                "random_resized_crop", Set.of(3),
                "horizontal_flip", Set.of(23),
                "vertical_flip", Set.of(24),
                "random_affine", Set.of(),
                "rand_augment", Set.of(5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21),
                "three_augment", Set.of(9, 11, 16),
                "color_jitter", Set.of(12, 13, 14, 22));
        assertThat(AugmentReader.readers().keySet()).isEqualTo(new LinkedHashSet<>(transforms.keySet()));
        Set<Integer> used = new TreeSet<>();
        transforms.values().forEach(used::addAll);
        assertThat(used)
                .isEqualTo(IntStream.range(0, OPERATIONS).boxed().collect(Collectors.toCollection(TreeSet::new)));
        // Each operation of RandAugment equals one of them, with an argument in the range that is compared.
        for (RandAugmentOp op : RandAugmentOp.values())
            assertThat(transforms.get("rand_augment")).as(op.name()).contains(operation(op));
    }

    private static int operation(RandAugmentOp op) {
        return switch (op) {
            case AUTO_CONTRAST -> 5;
            case EQUALIZE -> 6;
            case INVERT -> 7;
            case POSTERIZE, POSTERIZE_INCREASING -> 8;
            case SOLARIZE, SOLARIZE_INCREASING -> 9;
            case SOLARIZE_ADD -> 10;
            case COLOR, COLOR_INCREASING, DESATURATE -> 12;
            case CONTRAST, CONTRAST_INCREASING -> 13;
            case BRIGHTNESS, BRIGHTNESS_INCREASING -> 14;
            case SHARPNESS, SHARPNESS_INCREASING -> 15;
            case GAUSSIAN_BLUR -> 16;
            case SHEAR_X -> 17;
            case SHEAR_Y -> 18;
            case TRANSLATE_X_REL -> 19;
            case TRANSLATE_Y_REL -> 20;
            case ROTATE -> 21;
        };
    }

    private static ByteBuffer checksums() throws IOException {
        try (var in = PillowCasesTest.class.getResourceAsStream("/data/pillow-cases.bin")) {
            return ByteBuffer.wrap(in.readAllBytes());
        }
    }

    /** The operations of the script, in its order. */
    private static Image apply(int operation, Image image, RandomCase random) {
        return switch (operation) {
            case 0 -> resize(image, random, Interpolation.NEAREST);
            case 1 -> resize(image, random, Interpolation.BILINEAR);
            case 2 -> resize(image, random, Interpolation.BICUBIC);
            case 3 -> cropAndResize(image, random);
            case 4 -> resizeAndCropCenter(image, random);
            case 5 -> ColorOps.autocontrast(image);
            case 6 -> ColorOps.equalize(image);
            case 7 -> ColorOps.invert(image);
            case 8 -> ColorOps.posterize(image, random.integer(0, 8));
            case 9 -> ColorOps.solarize(image, random.integer(0, 256));
            case 10 -> ColorOps.solarizeAdd(image, random.integer(0, 128));
            case 11 -> ColorOps.grayscale(image);
            case 12 -> ColorOps.color(image, random.real(0, 2));
            case 13 -> ColorOps.contrast(image, random.real(0, 2));
            case 14 -> ColorOps.brightness(image, random.real(0, 2));
            case 15 -> ColorOps.sharpness(image, random.real(0, 2));
            case 16 -> GaussianBlur.gaussian(image, random.real(0.1, 4));
            case 17 -> warp(image, random, -0.4, 0.4, AffineWarp::shearX);
            case 18 -> warp(image, random, -0.4, 0.4, AffineWarp::shearY);
            case 19 -> warp(image, random, -0.5, 0.5, AffineWarp::translateX);
            case 20 -> warp(image, random, -0.5, 0.5, AffineWarp::translateY);
            case 21 -> warp(image, random, -60, 60, AffineWarp::rotate);
            case 22 -> HueShift.shift(image, random.real(-0.5, 0.5));
            case 23 -> ImageGeometry.flipHorizontally(image);
            case 24 -> ImageGeometry.flipVertically(image);
            default -> throw new AssertionError(operation);
        };
    }

    private static Image resize(Image image, RandomCase random, Interpolation interpolation) {
        int height = random.integer(1, 90);
        return Resampling.resize(image, height, random.integer(1, 90), interpolation);
    }

    private static Image cropAndResize(Image image, RandomCase random) {
        Interpolation interpolation = METHODS.get(random.integer(0, 2));
        int height = random.integer(1, image.height());
        int width = random.integer(1, image.width());
        int top = random.integer(0, image.height() - height);
        int left = random.integer(0, image.width() - width);
        int newHeight = random.integer(1, 90);
        PixelBox part = new PixelBox(top, left, height, width);
        return Resampling.resize(image, part, newHeight, random.integer(1, 90), interpolation);
    }

    private static Image resizeAndCropCenter(Image image, RandomCase random) {
        Interpolation interpolation = METHODS.get(random.integer(0, 2));
        int[] size = {random.integer(1, 90), random.integer(1, 90)};
        int height = random.integer(1, size[0]);
        return Resampling.resizeCenterCrop(image, size, height, random.integer(1, size[1]), interpolation);
    }

    private interface WarpOp {
        Image apply(Image image, double argument, AffineWarp.WarpStyle style);
    }

    private static Image warp(Image image, RandomCase random, double low, double high, WarpOp op) {
        Interpolation interpolation = random.integer(0, 1) == 1 ? Interpolation.BICUBIC : Interpolation.BILINEAR;
        double[] fill = DoubleStream.generate(() -> random.integer(0, 255))
                .limit(image.channels())
                .toArray();
        var style = new AffineWarp.WarpStyle(DoubleStream.of(fill).boxed().toList(), interpolation);
        return op.apply(image, random.real(low, high), style);
    }

    /** SplitMix64 (Steele, Lea and Flood 2014) and the images drawn from it. */
    private static final class RandomCase {
        private static final long GOLDEN = 0x9E3779B97F4A7C15L;

        private long state;

        RandomCase(long seed) {
            state = seed;
        }

        private long next() {
            state += GOLDEN;
            long z = state;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            return z ^ (z >>> 31);
        }

        /** Integer in [low, high]. */
        int integer(int low, int high) {
            return low + (int) ((next() >>> 1) % (high - low + 1));
        }

        double real(double low, double high) {
            return low + (high - low) * ((next() >>> 11) * 0x1p-53);
        }

        /** Noise, noise with few values, or a smooth pattern. */
        ByteImage image() {
            int largest = integer(0, 7) > 0 ? 70 : 300;
            int height = integer(1, largest);
            int width = integer(1, largest);
            int channels = integer(0, 2) > 0 ? 3 : 1;
            int kind = integer(0, 2);
            int a = integer(0, 7);
            int b = integer(0, 7);
            long seed = next();
            byte[] pixels = new byte[height * width * channels];
            for (int i = 0; i < pixels.length; i++) {
                int y = i / channels / width;
                int x = i / channels % width;
                int pattern = y * a + x * b + i % channels * 40;
                int noise = noise(seed, i);
                pixels[i] = (byte) (kind == 2 ? pattern : kind == 1 ? (noise & 0x70) | a : noise);
            }
            return new ByteImage(height, width, channels, pixels);
        }

        private static int noise(long seed, int i) {
            long z = seed + i * GOLDEN;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            return (int) (z >>> 56);
        }
    }
}
