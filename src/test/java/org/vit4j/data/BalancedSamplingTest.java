package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.AugmentConfig.Sampling;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.run.RunConfig;

/** The images of an epoch with {@code data.sampling: balanced}. */
class BalancedSamplingTest {
    private static final int[] COUNTS = {900, 90, 0, 10};
    private static final Dataset UNEQUAL = new Labels(COUNTS);

    private record Labels(int[] counts) implements Dataset {
        @Override
        public int size() {
            return Arrays.stream(counts).sum();
        }

        @Override
        public Image image(int index) {
            return new Image(1, 1, 1, new float[] {index % 256});
        }

        @Override
        public int label(int index) {
            int label = 0;
            for (int left = index; left >= counts[label]; label++) left -= counts[label];
            return label;
        }

        @Override
        public String name(int index) {
            return "image " + index;
        }

        @Override
        public List<String> classes() {
            return IntStream.range(0, counts.length).mapToObj(String::valueOf).toList();
        }
    }

    private static double[] meanCounts(int epochs) {
        double[] mean = new double[COUNTS.length];
        for (int epoch = 0; epoch < epochs; epoch++) {
            for (int image : EpochOrder.balanced(UNEQUAL, 5, epoch, 1).images())
                mean[UNEQUAL.label(image)] += 1.0 / epochs;
        }
        return mean;
    }

    @Test
    void classesWithImagesAreEquallyFrequent() {
        // WeightedRandomSampler(1 / count): a third of 1000 each, standard deviation of the mean sqrt(1000 * 2 / 9 /
        // 200) = 1.1
        double[] mean = meanCounts(200);
        for (int label : new int[] {0, 1, 3}) assertThat(mean[label]).isBetween(328.0, 339.0);
        assertThat(mean[2]).isZero();
    }

    @Test
    void imagesOfAClassAreEquallyFrequent() {
        int[] ofImage = new int[UNEQUAL.size()];
        for (int epoch = 0; epoch < 300; epoch++) {
            for (int image : EpochOrder.balanced(UNEQUAL, 5, epoch, 1).images()) ofImage[image]++;
        }
        // each of the last ten images is expected 300 * 1000 / 3 / 10 times, standard deviation 98
        for (int image = 990; image < 1000; image++) assertThat(ofImage[image]).isBetween(9600, 10400);
    }

    @Test
    void anEpochHasTheSizeOfTheDatasetAndDependsOnSeedAndEpoch() {
        int[] first = EpochOrder.balanced(UNEQUAL, 5, 0, 1).images();
        assertThat(first)
                .hasSize(1000)
                .isEqualTo(EpochOrder.balanced(UNEQUAL, 5, 0, 1).images());
        assertThat(first).isNotEqualTo(EpochOrder.balanced(UNEQUAL, 5, 1, 1).images());
        assertThat(first).isNotEqualTo(EpochOrder.balanced(UNEQUAL, 6, 0, 1).images());
    }

    @Test
    void occurrencesOfAnImageAreAugmentedDifferently() {
        EpochOrder order = EpochOrder.balanced(UNEQUAL, 5, 0, 3);
        int[] seen = new int[UNEQUAL.size()];
        for (int i = 0; i < 999; i++) {
            if (i % 3 > 0) assertThat(order.images()[i]).isEqualTo(order.images()[i - 1]);
            assertThat(order.repeats()[i]).isEqualTo(seen[order.images()[i]]++);
        }
    }

    @Test
    void aLoaderContinuesWithinAnEpoch() {
        AugmentConfig augment = new AugmentConfig(List.of(), Optional.empty(), 1, Sampling.BALANCED);
        Preprocessing preprocess = new Preprocessing(1, 1, 1, 1, Interpolation.BICUBIC, List.of(0.0), List.of(1.0));
        DataLoader loader = new DataLoader(UNEQUAL, augment, preprocess, 100, true, true, 5, 1);
        assertThat(loader.classCounts().orElseThrow()).containsExactly(900, 90, 0, 10);
        try (BatchIterator all = loader.epoch(2, 0);
                BatchIterator rest = loader.epoch(2, 4)) {
            for (int i = 0; i < 4; i++) all.next();
            assertThat(rest.next().indices()).isEqualTo(all.next().indices());
        }
    }

    @Test
    void unknownSamplingIsRejected() {
        assertThat(RunConfig.open("digits-vit", List.of("data.sampling=balanced"))
                        .data()
                        .augment()
                        .sampling())
                .isEqualTo(Sampling.BALANCED);
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("data.sampling=balance")))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("data.sampling: unknown value 'balance', did you mean 'balanced'?");
    }
}
