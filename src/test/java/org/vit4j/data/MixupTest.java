package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.transforms.ValueRange;

class MixupTest {
    private static final int N = 6;
    private static final int SIDE = 12;

    @Test
    void boxesEqualTimms() throws IOException {
        for (JsonNode c : golden().get("boxes")) {
            int h = c.get("height").intValue();
            int w = c.get("width").intValue();
            double lam = c.get("lam").doubleValue();
            Mixup.CutBox box = Mixup.CutBox.around(
                    h, w, lam, c.get("center_y").intValue(), c.get("center_x").intValue());
            assertThat(box)
                    .isEqualTo(new Mixup.CutBox(
                            c.get("y_low").intValue(),
                            c.get("y_high").intValue(),
                            c.get("x_low").intValue(),
                            c.get("x_high").intValue()));
            assertThat(box.remainingShare(h, w))
                    .isCloseTo(c.get("lam_corrected").doubleValue(), within(1e-12));
        }
    }

    @Test
    void blendsAndPastesEqualTimms() throws IOException {
        JsonNode mixup = golden().get("mixup");
        assertGolden(mixup, new Mixup.MixChoice(mixup.get("lam").doubleValue(), Optional.empty()));
        JsonNode cutmix = golden().get("cutmix");
        int[] edges = StreamSupport.stream(cutmix.get("box").spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
        Mixup.CutBox box = Mixup.CutBox.around(4, 4, 0.5, 1, 2);
        assertThat(box).isEqualTo(new Mixup.CutBox(edges[0], edges[1], edges[2], edges[3]));
        assertGolden(cutmix, new Mixup.MixChoice(box.remainingShare(4, 4), Optional.of(box)));
    }

    private static void assertGolden(JsonNode golden, Mixup.MixChoice mix) {
        float[] input = flat(golden.get("input"));
        Batch batch = new Batch(2, 4, 4, 1, input, new int[2], new int[2]);
        MixedBatch mixed = Mixup.mix(batch, new Mixup.MixChoice[] {mix, mix});
        assertThat(mixed.batch().images()).containsExactly(flat(golden.get("output")), within(1e-6f));
    }

    @Test
    void mixDependsOnSeedAndStep() {
        for (Mixup.MixupMode mode : Mixup.MixupMode.values()) {
            Mixup mixup = new Mixup(0.8, 1, Optional.empty(), 1, 0.5, mode, 0);
            MixedBatch first = mixup.apply(batch(N), 1, 0, 17);
            assertThat(mixup.apply(batch(N), 1, 3, 17))
                    .usingRecursiveComparison()
                    .isEqualTo(first);
            assertThat(mixup.apply(batch(N), 1, 0, 18).lambda()).isNotEqualTo(first.lambda());
            assertThat(mixup.apply(batch(N), 2, 0, 17).lambda()).isNotEqualTo(first.lambda());
        }
    }

    @Test
    void lambdaIsDrawnPerBatchImageOrPair() {
        Batch batch = batch(N);
        double[] perBatch = lambda(Mixup.MixupMode.BATCH, batch);
        assertThat(Arrays.stream(perBatch).distinct().count()).isEqualTo(1);
        double[] perImage = lambda(Mixup.MixupMode.ELEM, batch);
        assertThat(Arrays.stream(perImage).distinct().count()).isEqualTo(N);
        double[] pairs = lambda(Mixup.MixupMode.PAIR, batch);
        assertThat(Arrays.stream(pairs).distinct().count()).isEqualTo(N / 2);
        for (int i = 0; i < N; i++) assertThat(pairs[i]).isEqualTo(pairs[N - 1 - i]);
    }

    private static double[] lambda(Mixup.MixupMode mode, Batch batch) {
        return new Mixup(0.8, 0, Optional.empty(), 1, 0.5, mode, 0)
                .apply(batch, 1, 0, 0)
                .lambda();
    }

    /** Image i is filled with i, so lambda can be computed from the mean of the mixed image. */
    @Test
    void lambdaEqualsTheShareOfTheOriginalImage() {
        var minmax = Optional.of(new ValueRange(0.3, 0.8));
        for (Mixup.MixupMode mode : Mixup.MixupMode.values()) {
            for (Mixup mixup : new Mixup[] {
                new Mixup(0.5, 0, Optional.empty(), 0.8, 0.5, mode, 0),
                new Mixup(0, 1, Optional.empty(), 0.8, 0.5, mode, 0),
                new Mixup(0, 0, minmax, 1, 0.5, mode, 0),
                new Mixup(0.5, 1, Optional.empty(), 1, 0.3, mode, 0)
            }) {
                for (int n : new int[] {N, 5})
                    for (int step = 0; step < 20; step++) assertLambda(mixup.apply(batch(n), 1, 0, step));
            }
        }
    }

    private static void assertLambda(MixedBatch mixed) {
        Batch batch = mixed.batch();
        int size = SIDE * SIDE;
        for (int i = 0; i < batch.size(); i++) {
            int index = i;
            int partner = batch.size() - 1 - i;
            double mean = IntStream.range(0, size)
                    .mapToDouble(k -> batch.images()[index * size + k])
                    .average()
                    .orElseThrow();
            assertThat(mean).isCloseTo(mixed.lambda()[i] * i + (1 - mixed.lambda()[i]) * partner, within(1e-4));
            assertThat(mixed.partner(i)).isEqualTo(10 + partner);
            int dominant = mixed.lambda()[i] >= 0.5 ? 10 + i : 10 + partner;
            assertThat(mixed.dominant()[i]).isEqualTo(dominant);
        }
    }

    @Test
    void batchesAreMixedWithTheGivenProbabilities() {
        int mixed = 0;
        int cut = 0;
        Mixup mixup = new Mixup(0.8, 1, Optional.empty(), 0.6, 0.3, Mixup.MixupMode.ELEM, 0);
        for (int step = 0; step < 500; step++) {
            MixedBatch out = mixup.apply(batch(N), 1, 0, step);
            for (int i = 0; i < N; i++) {
                float[] image = Arrays.copyOfRange(out.batch().images(), i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
                if (out.lambda()[i] == 1) continue;
                mixed++;
                float own = i;
                float partner = N - 1 - i;
                if (IntStream.range(0, image.length).allMatch(k -> image[k] == own || image[k] == partner)) cut++;
            }
        }
        assertThat(mixed / 3000.0).isCloseTo(0.6, within(0.05));
        assertThat((double) cut / mixed).isCloseTo(0.3, within(0.05));
    }

    @Test
    void nothingIsMixedFromTheOffEpochOnOrWithProbabilityZero() {
        Mixup early = new Mixup(0.8, 1, Optional.empty(), 1, 0.5, Mixup.MixupMode.BATCH, 2);
        assertThat(early.apply(batch(N), 1, 1, 5).lambda()).doesNotContain(1);
        assertThat(early.apply(batch(N), 1, 2, 5)).usingRecursiveComparison().isEqualTo(MixedBatch.none(batch(N)));
        Mixup never = new Mixup(0.8, 1, Optional.empty(), 0, 0.5, Mixup.MixupMode.ELEM, 0);
        assertThat(never.apply(batch(N), 1, 1, 5)).usingRecursiveComparison().isEqualTo(MixedBatch.none(batch(N)));
    }

    @Test
    void sectionIsReadAndProblemsAreReported() {
        assertThat(read("{mixup: 0.8, cutmix: 1.0, p: 0.9, switch: 0.4, mode: pair, off_epoch: 7}"))
                .contains(new Mixup(0.8, 1, Optional.empty(), 0.9, 0.4, Mixup.MixupMode.PAIR, 7));
        assertThat(read("{cutmix_minmax: [0.2, 0.8]}").orElseThrow().cutmixMinmax())
                .contains(new ValueRange(0.2, 0.8));
        refused("{}", "m: mixup (0.0) or cutmix (0.0) must be positive, or cutmix_minmax given");
        refused("{mixup: 1, p: 2}", "m: p (2.0) must be in [0, 1]");
        refused("{mixup: 1, mode: elm}", "m.mode: unknown value 'elm', did you mean 'elem'?");
        refused("{cutmix_minmax: [0.2, 1.8]}", "m: cutmix_minmax ([0.2, 1.8]) must be in [0, 1]");
    }

    private static Optional<Mixup> read(String section) {
        Config config = Config.parse("m: " + section, "a.yaml");
        Optional<Mixup> read = Mixup.read(config.root().section("m"));
        config.finish();
        return read;
    }

    private static void refused(String section, String message) {
        assertThatThrownBy(() -> read(section)).isInstanceOf(ConfigError.class).hasMessage("a.yaml:1: " + message);
    }

    /** All values of image i are i, its label is 10 + i. */
    private static Batch batch(int n) {
        float[] images = new float[n * SIDE * SIDE];
        for (int i = 0; i < images.length; i++) images[i] = (float) Math.floor((double) i / (SIDE * SIDE));
        int[] labels = IntStream.range(10, 10 + n).toArray();
        return new Batch(n, SIDE, SIDE, 1, images, labels, IntStream.range(0, n).toArray());
    }

    private static JsonNode golden() throws IOException {
        try (var in = MixupTest.class.getResourceAsStream("/goldens/recipes/cutmix_mixup.json")) {
            return new ObjectMapper().readTree(in);
        }
    }

    private static float[] flat(JsonNode nested) {
        var values = new java.util.ArrayList<Float>();
        var open = new java.util.ArrayDeque<JsonNode>();
        open.push(nested);
        while (!open.isEmpty()) {
            JsonNode node = open.pop();
            if (node.isNumber()) values.add(node.floatValue());
            else for (int i = node.size() - 1; i >= 0; i--) open.push(node.get(i));
        }
        float[] flat = new float[values.size()];
        for (int i = 0; i < flat.length; i++) flat[i] = values.get(i);
        return flat;
    }
}
