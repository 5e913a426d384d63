package org.vit4j.data.transforms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.DataConfig;
import org.vit4j.data.DataLoader;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.InMemoryDataset;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.TestImages;

class AugmentTest {
    private static final String EVERYTHING = """
            data:
              dataset: image-folder
              repeats: 3
              augment:
                - {name: random_resized_crop, interpolation: bicubic}
                - {name: random_crop, padding: 2}
                - horizontal_flip
                - vertical_flip
                - {name: random_affine, degrees: 10, shear: 5}
                - {name: rand_augment, policy: rand-m9-n3-mstd0.5-inc1, interpolation: random}
                - {name: rand_augment, policy: rand-m6-p0.9-tweights}
                - {name: rand_augment, policy: rand-n1-t3aw, fill: 7}
                - three_augment
                - {name: color_jitter, hue: 0.1, p: 0.9}
                - {name: resize, size: [14, 18]}
                - {name: center_crop, size: 14}
                - {name: random_erasing, p: 0.7, mode: pixel, count: 3}
            """;
    private final SplittableRandom random = new SplittableRandom(5);

    @Test
    void everyTransformDependsOnlyOnSeedEpochAndImageForAnyNumberOfThreads() {
        DataConfig data = read(EVERYTHING);
        Map<Class<?>, Long> kinds = new LinkedHashMap<>();
        for (Transform t : data.augment().transforms()) kinds.merge(t.getClass(), 1L, Long::sum);
        assertThat(kinds).hasSameSizeAs(AugmentReader.readers().keySet());
        List<float[]> one = epoch(data, 1, 2, 0);
        List<float[]> four = epoch(data, 4, 2, 0);
        assertThat(one).hasSize(5).usingRecursiveComparison().isEqualTo(four);
        assertThat(epoch(data, 3, 2, 3)).usingRecursiveComparison().isEqualTo(one.subList(3, 5));
        assertThat(epoch(data, 4, 3, 0).get(0)).isNotEqualTo(one.get(0));
        for (float[] batch : one) for (float value : batch) assertThat(value).isFinite();
    }

    @Test
    void repeatsOfAnImageAreConsecutiveAndDifferentAndAnEpochKeepsItsLength() {
        AugmentConfig augment = new AugmentConfig(
                List.of(new RandomAffine(10, 0.1, new ValueRange(0.9, 1.1), 5, 0)), Optional.empty(), 3);
        var batches = new DataLoader(dataset(20), augment, preprocess(), 7, true, false, 1, 2);
        Set<Integer> seen = new HashSet<>();
        int at = 0;
        float[] last = null;
        try (BatchIterator epoch = batches.epoch(0, 0)) {
            while (epoch.hasNext()) {
                Batch batch = epoch.next();
                for (int i = 0; i < batch.size(); i++, at++) {
                    float[] image = Arrays.copyOfRange(batch.images(), i * 588, (i + 1) * 588);
                    if (at % 3 == 0) assertThat(seen.add(batch.indices()[i])).isTrue();
                    else assertThat(seen).contains(batch.indices()[i]);
                    if (at % 3 > 0) assertThat(image).isNotEqualTo(last);
                    last = image;
                }
            }
        }
        assertThat(at).isEqualTo(20);
        assertThat(seen).hasSize(7); // the last image has only two of its three repeats
    }

    @Test
    void firstRepeatEqualsTheImageWithoutRepeats() {
        List<Transform> affine = List.of(new RandomAffine(10, 0.1, new ValueRange(0.9, 1.1), 5, 0));
        float[] single = first(AugmentConfig.of(affine));
        float[] repeated = first(new AugmentConfig(affine, Optional.empty(), 2));
        assertThat(Arrays.copyOf(repeated, 588)).isEqualTo(Arrays.copyOf(single, 588));
    }

    private float[] first(AugmentConfig augment) {
        try (BatchIterator epoch =
                new DataLoader(dataset(6), augment, preprocess(), 2, false, true, 1, 1).epoch(0, 0)) {
            return epoch.next().images();
        }
    }

    @Test
    void erasingChangesOneRectangleOfTheExpectedArea() {
        var erasing = new RandomErasing(
                1, RandomErasing.ErasingMode.CONST, new ValueRange(0.25, 0.25), new ValueRange(0.5, 2), 1);
        for (int i = 0; i < 100; i++) {
            float[] values = filled();
            erasing.apply(values, 40, 50, random);
            int[] erased =
                    IntStream.range(0, 2000).filter(k -> values[3 * k] == 0).toArray();
            assertThat(erased.length / 2000.0).isCloseTo(0.25, within(0.02));
            for (int k : erased) assertThat(values[3 * k + 2]).isZero();
            int h = erased[erased.length - 1] / 50 - erased[0] / 50 + 1;
            int w = erased[erased.length - 1] % 50 - erased[0] % 50 + 1;
            assertThat(h * w).as("area of the bounding box").isEqualTo(erased.length);
            assertThat((double) h / w).isBetween(0.45, 2.2);
        }
    }

    @Test
    void erasedPixelsAreNormalNumbersPerValueOrPerChannel() {
        float[] pixels = filled();
        erasing(RandomErasing.ErasingMode.PIXEL, 1, 1).apply(pixels, 40, 50, random);
        double[] drawn = IntStream.range(0, 6000)
                .filter(i -> pixels[i] != 99)
                .mapToDouble(i -> pixels[i])
                .toArray();
        double mean = Arrays.stream(drawn).average().orElseThrow();
        double square = Arrays.stream(drawn).map(x -> x * x).average().orElseThrow();
        assertThat(mean).isCloseTo(0, within(0.15));
        assertThat(square).isCloseTo(1, within(0.25));
        float[] blocks = filled();
        erasing(RandomErasing.ErasingMode.RAND, 1, 1).apply(blocks, 40, 50, random);
        Set<Float> colors = new HashSet<>();
        for (float value : blocks) colors.add(value);
        assertThat(colors).hasSize(4); // 99, and one per channel
    }

    @Test
    void erasingHasTheGivenProbabilityAndSeveralRectanglesShareTheArea() {
        int erased = 0;
        double area = 0;
        for (int i = 0; i < 400; i++) {
            float[] values = filled();
            erasing(RandomErasing.ErasingMode.CONST, 0.3, 4).apply(values, 40, 50, random);
            long zeros = IntStream.range(0, 6000).filter(k -> values[k] == 0).count();
            if (zeros > 0) erased++;
            area = Math.max(area, zeros / 6000.0);
        }
        assertThat(erased / 400.0).isCloseTo(0.3, within(0.07));
        assertThat(area).isLessThan(0.32);
        float[] untouched = filled();
        erasing(RandomErasing.ErasingMode.CONST, 0, 1).apply(untouched, 40, 50, random);
        assertThat(untouched).containsOnly(99);
    }

    @Test
    void threeAugmentAppliesEachOperationEquallyOften() {
        Image image = TestImages.ramp(9, 9, 3);
        float[] gray = ColorOps.grayscale(image).pixels();
        float[] solarized = ColorOps.solarize(image, 128).pixels();
        int[] counts = new int[3];
        for (int i = 0; i < 300; i++) {
            float[] out = new ThreeAugment().apply(image, random).pixels();
            counts[Arrays.equals(out, gray) ? 0 : Arrays.equals(out, solarized) ? 1 : 2]++;
        }
        assertThat(counts)
                .satisfies(t -> assertThat(Arrays.stream(t).min().orElseThrow()).isGreaterThan(70));
    }

    @Test
    void colorJitterStaysInItsRangeAndZerosChangeNothing() {
        Image image = TestImages.flat(3, 3, 3, 100);
        assertThat(new ColorJitter(0, 0, 0, 0, 1).apply(image, random)).isEqualTo(image);
        assertThat(new ColorJitter(0.4, 0.4, 0.4, 0.1, 0).apply(image, random)).isEqualTo(image);
        var bright = new ColorJitter(0.4, 0, 0, 0, 1);
        Set<Float> seen = new HashSet<>();
        for (int i = 0; i < 2000; i++) seen.add(bright.apply(image, random).at(0, 0, 0));
        assertThat(seen).hasSizeGreaterThan(75).allMatch(value -> value >= 60 && value <= 140);
    }

    private static float[] filled() {
        float[] values = new float[40 * 50 * 3];
        Arrays.fill(values, 99);
        return values;
    }

    private static RandomErasing erasing(RandomErasing.ErasingMode mode, double p, int count) {
        return new RandomErasing(p, mode, new ValueRange(0.1, 0.3), new ValueRange(0.3, 1 / 0.3), count);
    }

    @Test
    void problemsAreReportedWithTheirPath() {
        refused("- {name: random_erasing, count: 0}", "augment[0]: count (0) must be in [1, 100]");
        refused("- {name: random_erasing, mode: pixl}", "augment[0].mode: unknown value 'pixl', did you mean 'pixel'?");
        refused("- {name: color_jitter, hue: 0.6}", "augment[0]: hue (0.6) must be in [0, 0.5]");
        refused(
                "- random_erasing\n    - horizontal_flip",
                "augment[0].name: works on normalized values and must be the last entry");
        refused("- horizontal_flip\n  repeats: -1", "repeats: repeats (-1) must be in [1, 1000]");
    }

    private static void refused(String entry, String message) {
        assertThatThrownBy(() -> read("data:\n  dataset: image-folder\n  augment:\n    " + entry + "\n"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message);
    }

    private static DataConfig read(String yaml) {
        Config config = Config.parse(yaml, "a.yaml");
        var data = DataConfig.read(config.root().section("data"), 14, 14, 3);
        config.finish();
        return data.orElseThrow();
    }

    private static List<float[]> epoch(DataConfig data, int threads, int epoch, int skip) {
        var batches = new DataLoader(dataset(20), data.augment(), data.preprocess(), 4, true, true, 3, threads);
        List<float[]> images = new java.util.ArrayList<>();
        try (BatchIterator all = batches.epoch(epoch, skip)) {
            all.forEachRemaining(batch -> images.add(batch.images()));
        }
        return images;
    }

    private static Preprocessing preprocess() {
        return new Preprocessing(14, 14, 3, 1, Interpolation.BICUBIC, List.of(0.5), List.of(0.5));
    }

    /** Different color images. */
    private static Dataset dataset(int count) {
        byte[] pixels = new byte[count * 20 * 18 * 3];
        var noise = new SplittableRandom(1);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 1080 * 9 + 60 * Math.sin(i / 30.0) + 90 + noise.nextInt(30));
        }
        return new InMemoryDataset(
                "p",
                new int[] {20, 18, 3},
                InMemoryDataset.PixelLayout.INTERLEAVED,
                pixels,
                new byte[count],
                List.of("a"));
    }
}
