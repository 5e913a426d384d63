package org.vit4j.data;

import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.data.random.RandomDistributions;
import org.vit4j.data.random.SeededRandom;
import org.vit4j.data.transforms.ValueRange;

/**
 * Mixup and CutMix, {@code train.mixup}: blends images with their partners (Zhang et al. 2018, arXiv:1710.09412) or pastes
 * rectangles of the partners (Yun et al. 2019, arXiv:1905.04899), as timm 0.9.16's {@code Mixup}. The partner of image i is
 * image N - 1 - i of the batch. Works on normalized images, after random erasing.
 *
 * @param mixup alpha of Beta(alpha, alpha), from which lambda of a blend is drawn; 0 disables mixup
 * @param cutmix alpha of Beta(alpha, alpha), from which lambda of a rectangle is drawn; 0 disables CutMix
 * @param cutmixMinmax range of the sides of rectangles, as shares of the image's sides; replaces sizes drawn by {@code
 *     cutmix}
 * @param p probability that a batch (in mode {@code elem} an image, in mode {@code pair} a pair) is mixed
 * @param switching probability of CutMix if mixup and CutMix are both enabled
 * @param offEpoch first epoch, counted from 0, without mixing; 0: all epochs are mixed
 */
public record Mixup(
        double mixup,
        double cutmix,
        Optional<ValueRange> cutmixMinmax,
        double p,
        double switching,
        MixupMode mode,
        int offEpoch) {
    /** Separates these random numbers from those of the order and the transforms. */
    private static final long SALT = 0x6D6978757031L;

    /** Number of draws. */
    public enum MixupMode {
        /** One draw per batch. */
        BATCH,
        /** One draw per image. */
        ELEM,
        /** One draw per pair of partners. */
        PAIR
    }

    public Mixup {
        Checks.nonNegative("mixup", mixup);
        Checks.nonNegative("cutmix", cutmix);
        Checks.require(
                mixup > 0 || cutmix > 0 || cutmixMinmax.isPresent(),
                "mixup (%s) or cutmix (%s) must be positive, or cutmix_minmax given",
                mixup,
                cutmix);
        cutmixMinmax.ifPresent(
                sides -> Checks.check(sides.isWithin(0, 1), "cutmix_minmax", sides, "must be in [0, 1]"));
        Checks.fraction("p", p);
        Checks.fraction("switch", switching);
        Checks.check(offEpoch >= 0, "off_epoch", offEpoch, "must be at least 0");
    }

    /** Reads {@code train.mixup}; empty when {@code mixup} and {@code cutmix} are 0. */
    public static Optional<Mixup> read(Section s) {
        boolean written = s.has("mixup") || s.has("cutmix");
        double mixup = s.doubleUnlessOff("mixup", 0);
        double cutmix = s.doubleUnlessOff("cutmix", 0);
        Optional<ValueRange> minmax = s.has("cutmix_minmax") && !s.isOff("cutmix_minmax")
                ? Optional.of(ValueRange.read(s, "cutmix_minmax", new ValueRange(0, 1)))
                : Optional.empty();
        double p = s.doubleAt("p", 1);
        double switching = s.doubleAt("switch", 0.5);
        MixupMode mode = s.enumAt("mode", MixupMode.class, MixupMode.BATCH);
        int offEpoch = s.intUnlessOff("off_epoch", 0, 0);
        s.rejectUnknownKeys();
        if (written && mixup == 0 && cutmix == 0 && minmax.isEmpty()) return Optional.empty();
        return s.build(() -> new Mixup(mixup, cutmix, minmax, p, switching, mode, offEpoch));
    }

    /**
     * Mixes a batch; deterministic in (seed, draw).
     *
     * @param epoch from 0
     * @param draw number of the batch since the start of the training
     */
    public MixedBatch apply(Batch batch, long seed, int epoch, long draw) {
        return apply(batch, BatchShard.all(batch.size()), seed, epoch, draw);
    }

    /** Mixes a shard of a batch, with the result that its images have when the full batch is mixed. */
    public MixedBatch apply(Batch batch, BatchShard shard, long seed, int epoch, long draw) {
        return apply(batch, shard, seed, epoch, draw, new float[0]);
    }

    /**
     * Mixes a shard of a batch into an array that is no longer used.
     *
     * @param reused replaced by a new array if it does not have the length of the images
     */
    public MixedBatch apply(Batch batch, BatchShard shard, long seed, int epoch, long draw, float[] reused) {
        if (offEpoch > 0 && epoch >= offEpoch) return MixedBatch.none(batch);
        SplittableRandom random = SeededRandom.random(seed, draw, SALT);
        MixChoice[] mixes = mixes(batch, shard.batchSize(), random);
        boolean fits = reused.length == batch.images().length && reused != batch.images();
        return mix(
                batch,
                fits ? reused : new float[batch.images().length],
                IntStream.of(shard.positions()).mapToObj(i -> mixes[i]).toArray(MixChoice[]::new));
    }

    private MixChoice[] mixes(Batch batch, int n, SplittableRandom random) {
        MixChoice[] mixes = new MixChoice[n];
        switch (mode) {
            case BATCH -> java.util.Arrays.fill(mixes, draw(batch, random));
            case ELEM -> {
                for (int i = 0; i < n; i++) mixes[i] = draw(batch, random);
            }
            case PAIR -> {
                for (int i = 0; i < (n + 1) / 2; i++)
                    mixes[i] = mixes[MixedBatch.partnerOf(i, n)] = draw(batch, random);
            }
        }
        return mixes;
    }

    /** The draw for one image: its lambda, and the rectangle to paste; without a rectangle it is blended. */
    record MixChoice(double lambda, Optional<CutBox> box) {}

    private MixChoice draw(Batch batch, SplittableRandom random) {
        if (random.nextDouble() >= p) return new MixChoice(1, Optional.empty());
        double cutAlpha = cutmixMinmax.isPresent() ? 1 : cutmix;
        boolean both = mixup > 0 && cutAlpha > 0;
        boolean cut = both ? random.nextDouble() < switching : cutAlpha > 0;
        double lambda = RandomDistributions.beta(cut ? cutAlpha : mixup, random);
        if (!cut || lambda == 1) return new MixChoice(lambda, Optional.empty());
        int h = batch.height();
        int w = batch.width();
        CutBox box = cutmixMinmax
                .map(sides -> CutBox.between(h, w, sides, random))
                .orElseGet(() -> CutBox.around(h, w, lambda, random.nextInt(h), random.nextInt(w)));
        return new MixChoice(box.remainingShare(h, w), Optional.of(box));
    }

    static MixedBatch mix(Batch batch, MixChoice[] mixes) {
        return mix(batch, new float[batch.images().length], mixes);
    }

    private static MixedBatch mix(Batch batch, float[] mixed, MixChoice[] mixes) {
        System.arraycopy(batch.images(), 0, mixed, 0, mixed.length);
        int n = batch.size();
        for (int i = 0; i < n; i++) {
            MixChoice mix = mixes[i];
            if (i == MixedBatch.partnerOf(i, n)) continue; // the middle image is its own partner
            if (mix.box.isPresent()) paste(batch, mixed, i, mix.box.get());
            else if (mix.lambda != 1) blend(batch.images(), mixed, i, n, (float) mix.lambda, (float) (1 - mix.lambda));
        }
        Batch out =
                new Batch(n, batch.height(), batch.width(), batch.channels(), mixed, batch.labels(), batch.indices());
        return new MixedBatch(
                out, IntStream.range(0, n).mapToDouble(i -> mixes[i].lambda).toArray());
    }

    private static void blend(float[] images, float[] out, int i, int n, float own, float other) {
        int size = out.length / n;
        int a = i * size;
        int b = MixedBatch.partnerOf(i, n) * size;
        for (int k = 0; k < size; k++) out[a + k] = images[a + k] * own + images[b + k] * other;
    }

    private static void paste(Batch batch, float[] out, int i, CutBox box) {
        int row = batch.width() * batch.channels();
        int size = batch.height() * row;
        int length = (box.right - box.left) * batch.channels();
        for (int y = box.top; y < box.bottom; y++) {
            int at = y * row + box.left * batch.channels();
            int partner = MixedBatch.partnerOf(i, batch.size()) * size;
            System.arraycopy(batch.images(), partner + at, out, i * size + at, length);
        }
    }

    /** Rows top..bottom and columns left..right of an image; bottom and right are exclusive. */
    record CutBox(int top, int bottom, int left, int right) {

        /** Rectangle around (y, x) with {@code 1 - lambda} of the image's area, clipped to the image. Odd sides shrink by 1. */
        static CutBox around(int height, int width, double lambda, int y, int x) {
            double ratio = Math.sqrt(1 - lambda);
            int down = (int) (height * ratio) / 2;
            int across = (int) (width * ratio) / 2;
            return new CutBox(
                    Math.max(0, y - down),
                    Math.min(height, y + down),
                    Math.max(0, x - across),
                    Math.min(width, x + across));
        }

        /** Random rectangle inside the image, its sides drawn from {@code sides} as shares of the image's sides. */
        static CutBox between(int height, int width, ValueRange sides, SplittableRandom random) {
            int h = side(height, sides, random);
            int w = side(width, sides, random);
            int top = random.nextInt(Math.max(1, height - h));
            int left = random.nextInt(Math.max(1, width - w));
            return new CutBox(top, top + h, left, left + w);
        }

        /** Draws a length; as in timm, the upper end is exclusive. */
        private static int side(int length, ValueRange sides, SplittableRandom random) {
            int low = (int) (length * sides.low());
            return low + random.nextInt(Math.max(1, (int) (length * sides.high()) - low));
        }

        /** Share of the image's area outside of the rectangle. */
        double remainingShare(int height, int width) {
            return 1 - (double) (bottom - top) * (right - left) / ((double) height * width);
        }
    }
}
