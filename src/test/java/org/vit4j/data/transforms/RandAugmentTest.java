package org.vit4j.data.transforms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataConfig;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.TestImages;
import org.vit4j.data.random.RandomDistributions;

class RandAugmentTest {
    private final SplittableRandom random = new SplittableRandom(5);

    @Test
    void timmsNotationIsUnderstood() {
        assertThat(read("policy: rand-m9-mstd0.5-inc1"))
                .isEqualTo(new RandAugment(
                        RandAugmentOpSet.INCREASING,
                        2,
                        9,
                        0.5,
                        10,
                        0.5,
                        List.of(124.0, 116.0, 104.0),
                        Optional.of(Interpolation.BICUBIC)));
        RandAugment other = read("policy: rand-n3-p1-mmax20-m15-mstd101-t3aw, interpolation: random, fill: 128");
        assertThat(other)
                .isEqualTo(new RandAugment(
                        RandAugmentOpSet.THREE_WEIGHTED, 3, 15, 101, 20, 1, List.of(128.0), Optional.empty()));
        assertThat(read("policy: rand-mstdinf").mstd()).isEqualTo(101);
        assertThat(read("m: 5").ops()).isEqualTo(RandAugmentOpSet.PLAIN);
        assertThat(read("policy: rand-m3-n1, m: 7, inc: true, set: default").m())
                .isEqualTo(7);
    }

    /** timm clamps uniform magnitudes too. */
    @Test
    void uniformMagnitudesAreAtMostTheLimit() {
        RandAugment policy = read("policy: rand-m20-mstd101");
        SplittableRandom random = new SplittableRandom(1);
        double[] drawn = IntStream.range(0, 1000)
                .mapToDouble(i -> policy.magnitude(random))
                .toArray();
        assertThat(Arrays.stream(drawn).boxed()).allMatch(magnitude -> magnitude >= 0 && magnitude <= 10);
        assertThat(Arrays.stream(drawn).filter(magnitude -> magnitude == 10).count())
                .isBetween(400L, 600L);
    }

    @Test
    void resolvedConfigIsReadBackAsEqual() {
        String yaml = "data: {dataset: image-folder, augment: [{name: rand_augment, policy: rand-m7-n3-tweights}]}";
        Config config = Config.parse(yaml, "a.yaml");
        var data = DataConfig.read(config.root().section("data"), 14, 14, 3);
        Config again = Config.parse(config.resolved(), "b.yaml");
        assertThat(DataConfig.read(again.root().section("data"), 14, 14, 3)).isEqualTo(data);
    }

    @Test
    void invalidPoliciesAreReported() {
        refused(
                "policy: rand-m9-mst0.5",
                ".policy: unknown part 'mst0.5' of 'rand-m9-mst0.5'; known: m9 n2 p0.5 mstd0.5 mmax10 inc1 tweights"
                        + " t3a t3aw");
        refused(
                "policy: augmix-m3",
                ".policy: policy (augmix-m3) must be in timm's notation, such as rand-m9-mstd0.5-inc1");
        refused("policy: rand-n2.5", ".policy: n (2.5) must be an integer of at most 1000");
        refused(
                "policy: rand-n4-t3aw, n: 15",
                ": n (15) must be at most 14, the number of operations of the weighted set");
        refused("p: 1.5", ": p (1.5) must be in [0, 1]");
        refused("fill: [1, 2]", ".fill: expected one number or one per channel (3), got [1.0, 2.0]");
        refused("interpolation: nearest", ".interpolation: unknown value 'nearest'; known: bilinear, bicubic, random");
    }

    @Test
    void operationsAreAppliedWithTheGivenProbability() {
        Image image = TestImages.ramp(6, 6, 3);
        var once = new RandAugment(RandAugmentOpSet.INCREASING, 1, 10, 0, 10, 0.25, List.of(0.0), Optional.empty());
        int changed = 0;
        for (int i = 0; i < 2000; i++) if (!once.apply(image, random).equals(image)) changed++;
        assertThat(changed / 2000.0).isCloseTo(0.25, within(0.04));
        var never = new RandAugment(RandAugmentOpSet.INCREASING, 9, 10, 0, 10, 0, List.of(0.0), Optional.empty());
        assertThat(never.apply(image, random)).isSameAs(image);
    }

    @Test
    void weightedSetsDrawWithoutReplacementAndByWeight() {
        var weighted =
                new RandAugment(RandAugmentOpSet.THREE_WEIGHTED, 14, 9, 0, 10, 1, List.of(0.0), Optional.empty());
        int heavy = 0;
        for (int i = 0; i < 2000; i++) {
            List<RandAugmentOp> chosen = weighted.choose(random);
            assertThat(chosen).hasSize(14).doesNotHaveDuplicates();
            if (chosen.get(0) == RandAugmentOp.DESATURATE) heavy++;
        }
        assertThat(heavy / 2000.0).isCloseTo(6 / 33.0, within(0.03));
        var three = new RandAugment(RandAugmentOpSet.THREE, 3, 9, 0, 10, 1, List.of(0.0), Optional.empty());
        boolean duplicates = false;
        for (int i = 0; i < 50; i++)
            duplicates |= three.choose(random).stream().distinct().count() < 3;
        assertThat(duplicates).as("unweighted sets draw with replacement").isTrue();
    }

    @Test
    void grayImagesStayGrayAndFillColorsArePerChannel() {
        var randAugment =
                new RandAugment(RandAugmentOpSet.PLAIN, 4, 9, 1, 10, 1, List.of(1.0, 2.0, 3.0), Optional.empty());
        assertThat(randAugment.apply(TestImages.ramp(8, 8, 1), random).channels())
                .isEqualTo(1);
        var style = new AffineWarp.WarpStyle(List.of(1.0, 2.0, 3.0), Interpolation.BICUBIC);
        Image moved = AffineWarp.translateX(TestImages.flat(2, 4, 3, 200), 0.5, style);
        assertThat(moved.pixels())
                .containsExactly(
                        200, 200, 200, 200, 200, 200, 1, 2, 3, 1, 2, 3, 200, 200, 200, 200, 200, 200, 1, 2, 3, 1, 2, 3);
    }

    @Test
    void betaAndNormalDrawsHaveTheExpectedMoments() {
        double[] beta = moments(() -> RandomDistributions.beta(0.3, random)); // variance 1 / (4 (2 alpha + 1))
        assertThat(beta[0]).isCloseTo(0.5, within(0.02));
        assertThat(beta[1]).isCloseTo(1 / 6.4, within(0.01));
        double[] flat = moments(() -> RandomDistributions.beta(1, random));
        assertThat(flat[1]).isCloseTo(1 / 12.0, within(0.005));
        double[] steep = moments(() -> RandomDistributions.beta(1e-3, random));
        assertThat(steep[1]).isCloseTo(0.25, within(0.01));
        double[] normal = moments(() -> RandomDistributions.normal(random));
        assertThat(normal[0]).isCloseTo(0, within(0.03));
        assertThat(normal[1]).isCloseTo(1, within(0.05));
    }

    private static double[] moments(java.util.function.DoubleSupplier draw) {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < 10_000; i++) {
            double x = draw.getAsDouble();
            sum += x;
            squares += x * x;
        }
        double mean = sum / 10_000;
        return new double[] {mean, squares / 10_000 - mean * mean};
    }

    private static RandAugment read(String keys) {
        String yaml = "data: {dataset: image-folder, augment: [{name: rand_augment, " + keys + "}]}";
        Config config = Config.parse(yaml, "a.yaml");
        var data = DataConfig.read(config.root().section("data"), 14, 14, 3);
        config.finish();
        return (RandAugment) data.orElseThrow().augment().transforms().get(0);
    }

    private static void refused(String keys, String message) {
        assertThatThrownBy(() -> read(keys))
                .isInstanceOf(ConfigError.class)
                .hasMessage("a.yaml:1: data.augment[0]" + message);
    }
}
