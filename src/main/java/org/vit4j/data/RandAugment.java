package org.vit4j.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A few operations picked at random (RandAugment, Cubuk et al. 2020, arXiv:1909.13719), as timm 0.9.16 does it ({@code
 * data/auto_augment.py}).
 *
 * @param n operations that are picked
 * @param m how strong they are; 10 is the strength their ranges are made for
 * @param mstd by which the magnitude of each operation strays, normally; above 100: evenly from 0 to {@code m} instead
 * @param mmax the largest magnitude after straying
 * @param p with which each of the picked ones is carried out
 * @param fill of what comes from outside, 0..255; a value a channel, or one for all
 * @param interpolation of shears, shifts and turns; empty: bilinear or bicubic, a coin's toss each time
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
        Rule.check(n >= 1 && n <= 100, "n must lie in 1..100", n);
        Rule.check(ops.weights().isEmpty() || n <= ops.ops().size(), "n must not exceed the weighted set", n);
        Rule.check(mmax > 0, "mmax must be above 0", mmax);
        Rule.check(m >= 0, "m must not be negative", m);
        Rule.check(mstd >= 0, "mstd must not be negative", mstd);
        Rule.share("p", p);
        Rule.check(fill.size() == 1 || fill.size() == 3, "fill must be one number or three", fill);
        Rule.check(fill.stream().allMatch(value -> value >= 0 && value <= 255), "fill must lie in 0..255", fill);
        Rule.check(
                interpolation.map(way -> way != Interpolation.NEAREST).orElse(true),
                "interpolation must be bilinear, bicubic or random",
                interpolation.map(Interpolation::name).orElse(""));
        fill = List.copyOf(fill);
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        Image out = image;
        for (RandAugmentOp op : pick(random)) {
            if (p < 1 && random.nextDouble() >= p) continue;
            double argument = op.argument(magnitude(random), random.nextBoolean());
            Interpolation way =
                    interpolation.orElse(random.nextBoolean() ? Interpolation.BILINEAR : Interpolation.BICUBIC);
            out = op.apply(out, argument, new AffineWarp.WarpStyle(fill, way));
        }
        return out;
    }

    private double magnitude(SplittableRandom random) {
        if (mstd > UNIFORM) return m * random.nextDouble();
        double strayed = mstd > 0 ? m + mstd * RandomDistributions.normal(random) : m;
        return Math.max(0, Math.min(mmax, strayed));
    }

    List<RandAugmentOp> pick(SplittableRandom random) {
        List<RandAugmentOp> left = new ArrayList<>(ops.ops());
        List<Double> weights = new ArrayList<>(ops.weights());
        List<RandAugmentOp> picked = new ArrayList<>();
        while (picked.size() < n) {
            if (weights.isEmpty()) {
                picked.add(left.get(random.nextInt(left.size())));
                continue;
            }
            int i = weighted(weights, random);
            picked.add(left.remove(i));
            weights.remove(i);
        }
        return picked;
    }

    private static int weighted(List<Double> weights, SplittableRandom random) {
        double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
        double at = random.nextDouble() * sum;
        for (int i = 0; i < weights.size(); i++) {
            at -= weights.get(i);
            if (at < 0) return i;
        }
        return weights.size() - 1;
    }
}
