package org.vit4j.data.transforms;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.vit4j.config.Checks;
import org.vit4j.data.image.Image;
import org.vit4j.data.random.RandomDistributions;

/**
 * RandAugment: applies randomly chosen operations (Cubuk et al. 2020, arXiv:1909.13719), as timm 0.9.16 ({@code
 * data/auto_augment.py}).
 *
 * @param n number of operations chosen per image
 * @param m magnitude; the ranges of the operations are defined for 0..10
 * @param mstd standard deviation of the magnitude; above 100: uniform magnitude in 0..{@code m}
 * @param mmax upper limit of the magnitude after noise
 * @param p probability that a chosen operation is applied
 * @param fill color of pixels from outside of the image, 0..255; one value per channel, or one for all
 * @param interpolation of geometric operations; empty: bilinear or bicubic, each with probability 1/2
 */
public record RandAugment(
        RandAugmentOpSet ops,
        int n,
        double m,
        double mstd,
        double mmax,
        double p,
        List<Double> fill,
        Optional<Interpolation> interpolation)
        implements Transform {
    private static final double UNIFORM = 100;

    public RandAugment {
        Checks.check(n >= 1 && n <= 100, "n", n, "must be in [1, 100]");
        int operations = ops.ops().size();
        Checks.check(
                ops.weights().isEmpty() || n <= operations,
                "n",
                n,
                "must be at most " + operations + ", the number of operations of the weighted set");
        Checks.positive("mmax", mmax);
        Checks.nonNegative("m", m);
        Checks.nonNegative("mstd", mstd);
        Checks.fraction("p", p);
        Checks.check(fill.size() == 1 || fill.size() == 3, "fill", fill, "must have one value or three");
        Checks.check(fill.stream().allMatch(value -> value >= 0 && value <= 255), "fill", fill, "must be in [0, 255]");
        Checks.check(
                interpolation.map(method -> method != Interpolation.NEAREST).orElse(true),
                "interpolation",
                interpolation.map(Interpolation::name).orElse(""),
                "must be bilinear, bicubic or random");
        fill = List.copyOf(fill);
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        Image out = image;
        for (RandAugmentOp op : choose(random)) {
            if (p < 1 && random.nextDouble() >= p) continue;
            double argument = op.argument(magnitude(random), random.nextBoolean());
            Interpolation method =
                    interpolation.orElse(random.nextBoolean() ? Interpolation.BILINEAR : Interpolation.BICUBIC);
            out = op.apply(out, argument, new AffineWarp.WarpStyle(fill, method));
        }
        return out;
    }

    double magnitude(SplittableRandom random) {
        if (mstd > UNIFORM) return Math.min(mmax, m * random.nextDouble());
        double noisy = mstd > 0 ? m + mstd * RandomDistributions.normal(random) : m;
        return Math.max(0, Math.min(mmax, noisy));
    }

    List<RandAugmentOp> choose(SplittableRandom random) {
        List<RandAugmentOp> remaining = new ArrayList<>(ops.ops());
        List<Double> weights = new ArrayList<>(ops.weights());
        List<RandAugmentOp> chosen = new ArrayList<>();
        while (chosen.size() < n) {
            if (weights.isEmpty()) {
                chosen.add(remaining.get(random.nextInt(remaining.size())));
                continue;
            }
            int i = weightedIndex(weights, random);
            chosen.add(remaining.remove(i));
            weights.remove(i);
        }
        return chosen;
    }

    private static int weightedIndex(List<Double> weights, SplittableRandom random) {
        double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
        double at = random.nextDouble() * sum;
        for (int i = 0; i < weights.size(); i++) {
            at -= weights.get(i);
            if (at < 0) return i;
        }
        return weights.size() - 1;
    }
}
