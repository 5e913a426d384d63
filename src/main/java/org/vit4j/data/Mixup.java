package org.vit4j.data;

import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.vit4j.config.Section;

/**
 * {@code train.mixup}: pictures blended with their partners (mixup, Zhang et al. 2018, arXiv:1710.09412), or rectangles
 * of the partner put in (CutMix, Yun et al. 2019, arXiv:1905.04899), as timm 0.9.16's {@code Mixup}. The partner of an
 * image is the one as far from the batch's other end. Works on normalized images, after erasing.
 *
 * @param mixup alpha of Beta(alpha, alpha), of which the share of a blend is drawn; 0: no blends
 * @param cutmix the same of rectangles
 * @param cutmixMinmax sides of rectangles as shares of the image's; then their size does not follow {@code cutmix}
 * @param p with which a batch (an image, a pair) is mixed at all
 * @param switching with which it is a rectangle where both are on
 * @param offEpoch from this epoch on, counted from 0, nothing is mixed; 0: never
 */
public record Mixup(
        double mixup,
        double cutmix,
        Optional<ValueRange> cutmixMinmax,
        double p,
        double switching,
        MixupMode mode,
        int offEpoch) {
    /** Keeps its chance apart from that of order and images. */
    private static final long SALT = 0x6D6978757031L;

    /** What is drawn for: the whole batch, each image, or each pair of partners, so that both sides agree. */
    public enum MixupMode {
        BATCH,
        ELEM,
        PAIR
    }

    public Mixup {
        Rule.check(mixup >= 0, "mixup must not be negative", mixup);
        Rule.check(cutmix >= 0, "cutmix must not be negative", cutmix);
        Rule.check(
                mixup > 0 || cutmix > 0 || cutmixMinmax.isPresent(),
                "mixup, cutmix or cutmix_minmax must be above 0",
                mixup);
        cutmixMinmax.ifPresent(
                sides -> Rule.check(sides.low() >= 0 && sides.high() <= 1, "cutmix_minmax must lie in 0..1", sides));
        Rule.share("p", p);
        Rule.share("switch", switching);
        Rule.check(offEpoch >= 0, "off_epoch must not be negative", offEpoch);
    }

    /** Reads {@code train.mixup}; empty when {@code mixup} and {@code cutmix} are 0. */
    public static Optional<Mixup> read(Section s) {
        boolean written = s.has("mixup") || s.has("cutmix");
        double mixup = s.doubleUnlessOff("mixup", 0);
        double cutmix = s.doubleUnlessOff("cutmix", 0);
        Optional<ValueRange> minmax = s.has("cutmix_minmax") && !s.isOff("cutmix_minmax")
                ? Optional.of(AugmentReader.range(s, "cutmix_minmax", new ValueRange(0, 1)))
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
     * What is learned from in place of a batch; always the same for the same numbers.
     *
     * @param epoch from 0
     * @param draw the number of the batch since the start
     */
    public MixedBatch apply(Batch batch, long seed, int epoch, long draw) {
        return apply(batch, BatchShard.all(batch.size()), seed, epoch, draw);
    }

    /** The same of part of a batch: each image as it would be in the whole. */
    public MixedBatch apply(Batch batch, BatchShard part, long seed, int epoch, long draw) {
        if (offEpoch > 0 && epoch >= offEpoch) return MixedBatch.none(batch);
        SplittableRandom random = SeededRandom.random(seed, draw, SALT);
        MixChoice[] mixes = mixes(batch, part.whole(), random);
        return mix(batch, IntStream.of(part.positions()).mapToObj(i -> mixes[i]).toArray(MixChoice[]::new));
    }

    private MixChoice[] mixes(Batch batch, int n, SplittableRandom random) {
        MixChoice[] mixes = new MixChoice[n];
        switch (mode) {
            case BATCH -> java.util.Arrays.fill(mixes, draw(batch, random));
            case ELEM -> {
                for (int i = 0; i < n; i++) mixes[i] = draw(batch, random);
            }
            case PAIR -> {
                for (int i = 0; i < (n + 1) / 2; i++) mixes[i] = mixes[n - 1 - i] = draw(batch, random);
            }
        }
        return mixes;
    }

    /** How one image is mixed: its share, and the rectangle of its partner, or a blend where there is none. */
    record MixChoice(double share, Optional<CutBox> box) {}

    private MixChoice draw(Batch batch, SplittableRandom random) {
        if (random.nextDouble() >= p) return new MixChoice(1, Optional.empty());
        double boxes = cutmixMinmax.isPresent() ? 1 : cutmix;
        boolean both = mixup > 0 && boxes > 0;
        boolean cut = both ? random.nextDouble() < switching : boxes > 0;
        double share = RandomDistributions.beta(cut ? boxes : mixup, random);
        if (!cut || share == 1) return new MixChoice(share, Optional.empty());
        int h = batch.height();
        int w = batch.width();
        CutBox box = cutmixMinmax
                .map(sides -> CutBox.between(h, w, sides, random))
                .orElseGet(() -> CutBox.around(h, w, share, random.nextInt(h), random.nextInt(w)));
        return new MixChoice(box.shareLeft(h, w), Optional.of(box));
    }

    static MixedBatch mix(Batch batch, MixChoice[] mixes) {
        float[] mixed = batch.images().clone();
        int n = batch.size();
        for (int i = 0; i < n; i++) {
            MixChoice mix = mixes[i];
            if (i == n - 1 - i) continue; // the middle one's partner is itself
            if (mix.box.isPresent()) paste(batch, mixed, i, mix.box.get());
            else if (mix.share != 1) blend(batch.images(), mixed, i, n, (float) mix.share, (float) (1 - mix.share));
        }
        Batch out =
                new Batch(n, batch.height(), batch.width(), batch.channels(), mixed, batch.labels(), batch.indices());
        return new MixedBatch(
                out, IntStream.range(0, n).mapToDouble(i -> mixes[i].share).toArray());
    }

    private static void blend(float[] images, float[] out, int i, int n, float own, float others) {
        int size = out.length / n;
        int a = i * size;
        int b = (n - 1 - i) * size;
        for (int k = 0; k < size; k++) out[a + k] = images[a + k] * own + images[b + k] * others;
    }

    private static void paste(Batch batch, float[] out, int i, CutBox box) {
        int row = batch.width() * batch.channels();
        int size = batch.height() * row;
        int length = (box.right - box.left) * batch.channels();
        for (int y = box.top; y < box.bottom; y++) {
            int at = y * row + box.left * batch.channels();
            int partner = (batch.size() - 1 - i) * size;
            System.arraycopy(batch.images(), partner + at, out, i * size + at, length);
        }
    }

    /** Rows from top, columns from left; bottom and right do not belong to it. */
    record CutBox(int top, int bottom, int left, int right) {

        /** Of a share {@code 1 - share} of the area before the border cuts it; an odd side loses one. */
        static CutBox around(int height, int width, double share, int y, int x) {
            double ratio = Math.sqrt(1 - share);
            int down = (int) (height * ratio) / 2;
            int across = (int) (width * ratio) / 2;
            return new CutBox(
                    Math.max(0, y - down),
                    Math.min(height, y + down),
                    Math.max(0, x - across),
                    Math.min(width, x + across));
        }

        /** With sides between shares of the image's, whole within it. */
        static CutBox between(int height, int width, ValueRange sides, SplittableRandom random) {
            int h = side(height, sides, random);
            int w = side(width, sides, random);
            int top = random.nextInt(Math.max(1, height - h));
            int left = random.nextInt(Math.max(1, width - w));
            return new CutBox(top, top + h, left, left + w);
        }

        /** As in timm, the largest itself is never drawn. */
        private static int side(int length, ValueRange sides, SplittableRandom random) {
            int low = (int) (length * sides.low());
            return low + random.nextInt(Math.max(1, (int) (length * sides.high()) - low));
        }

        double shareLeft(int height, int width) {
            return 1 - (double) (bottom - top) * (right - left) / ((double) height * width);
        }
    }
}
