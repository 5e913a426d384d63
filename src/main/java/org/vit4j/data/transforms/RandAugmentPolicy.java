package org.vit4j.data.transforms;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * Reads RandAugment in timm's notation, {@code rand-m9-mstd0.5-inc1}, or as separate keys. Keys override the notation.
 *
 * @param set {@code default}, {@code weights}, {@code 3a} or {@code 3aw}
 */
record RandAugmentPolicy(double m, int n, double p, double mstd, double mmax, boolean inc, String set) {
    private static final List<String> SETS = List.of("default", "weights", "3a", "3aw");
    private static final RandAugmentPolicy PLAIN = new RandAugmentPolicy(10, 2, 0.5, 0, 10, false, SETS.get(0));
    private static final Pattern PART =
            Pattern.compile("(mstd|mmax|inc|m|n|p)(\\d+(?:\\.\\d+)?|inf)|t(weights|3aw|3a)");
    private static final List<String> SAMPLERS = List.of("bilinear", "bicubic", "random");

    /** The default fill color is the mean of the data, as in timm. */
    static Optional<RandAugment> read(Section s, TransformDefaults defaults) {
        List<Double> mean = defaults.mean();
        RandAugmentPolicy written = PLAIN;
        try {
            written = parse(s.stringAt("policy", "rand"));
        } catch (IllegalArgumentException e) {
            s.reject("policy", e.getMessage());
        }
        double m = s.doubleAt("m", written.m);
        int n = s.intAt("n", written.n);
        double p = s.doubleAt("p", written.p);
        double mstd = s.doubleAt("mstd", written.mstd);
        double mmax = s.doubleAt("mmax", written.mmax);
        boolean inc = s.boolAt("inc", written.inc);
        RandAugmentOpSet ops = ops(s.has("set") ? s.choiceAt("set", SETS) : written.set, inc);
        List<Double> fill = s.doublesAt("fill", color(mean));
        if (fill.size() != 1 && fill.size() != mean.size()) {
            s.reject("fill", "expected one number or one per channel (" + mean.size() + "), got " + fill);
        }
        Optional<Interpolation> method = interpolation(s);
        return s.build(() -> new RandAugment(ops, n, m, mstd, mmax, p, fill, method));
    }

    /** @throws IllegalArgumentException if a part is unknown, which the message names */
    static RandAugmentPolicy parse(String policy) {
        String[] parts = policy.split("-", -1);
        Checks.check(
                parts[0].equals("rand"), "policy", policy, "must be in timm's notation, such as rand-m9-mstd0.5-inc1");
        RandAugmentPolicy read = PLAIN;
        for (int i = 1; i < parts.length; i++) {
            Matcher part = PART.matcher(parts[i]);
            Checks.require(
                    part.matches(),
                    "unknown part '%s' of '%s'; known: m9 n2 p0.5 mstd0.5 mmax10 inc1 tweights t3a t3aw",
                    parts[i],
                    policy);
            read = part.group(3) == null ? read.with(part.group(1), part.group(2)) : read.with("t", part.group(3));
        }
        return read;
    }

    private RandAugmentPolicy with(String key, String value) {
        double number = key.equals("t") ? 0 : Double.parseDouble(value.replace("inf", "101"));
        return switch (key) {
            case "m" -> new RandAugmentPolicy(number, n, p, mstd, mmax, inc, set);
            case "n" -> new RandAugmentPolicy(m, integer(key, number), p, mstd, mmax, inc, set);
            case "p" -> new RandAugmentPolicy(m, n, number, mstd, mmax, inc, set);
            case "mstd" -> new RandAugmentPolicy(m, n, p, number, mmax, inc, set);
            case "mmax" -> new RandAugmentPolicy(m, n, p, mstd, number, inc, set);
            // Deviation: timm reads inc0 as inc1.
            case "inc" -> new RandAugmentPolicy(m, n, p, mstd, mmax, number != 0, set);
            case "t" -> new RandAugmentPolicy(m, n, p, mstd, mmax, inc, value);
            default -> throw new AssertionError(key);
        };
    }

    private static int integer(String key, double number) {
        Checks.check(number == Math.rint(number) && number <= 1000, key, number, "must be an integer of at most 1000");
        return (int) number;
    }

    private static RandAugmentOpSet ops(String set, boolean inc) {
        return switch (set) {
            case "default" -> inc ? RandAugmentOpSet.INCREASING : RandAugmentOpSet.PLAIN;
            case "weights" -> RandAugmentOpSet.WEIGHTS;
            case "3a" -> RandAugmentOpSet.THREE;
            case "3aw" -> RandAugmentOpSet.THREE_WEIGHTED;
            default -> throw new AssertionError(set);
        };
    }

    private static List<Double> color(List<Double> mean) {
        return mean.stream()
                .map(x -> Math.min(255, Math.max(0, Math.rint(255 * x))))
                .toList();
    }

    /** Empty for {@code random}. */
    private static Optional<Interpolation> interpolation(Section s) {
        String word = s.has("interpolation") ? s.choiceAt("interpolation", SAMPLERS) : "bicubic";
        return word.equals("random")
                ? Optional.empty()
                : Optional.of(Interpolation.valueOf(word.toUpperCase(Locale.ROOT)));
    }
}
