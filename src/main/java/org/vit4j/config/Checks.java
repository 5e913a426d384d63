package org.vit4j.config;

import java.util.Locale;

/**
 * Rules for values of config records, with one phrasing per rule: "key (value) must be ...". The reader of the
 * section adds file, line and path.
 */
public final class Checks {
    /** Largest number of blocks of a network or stage. */
    private static final int MAX_DEPTH = 10_000;

    private Checks() {}

    /** A value that violates the rule of its key. */
    public static final class InvalidValueException extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;
        private final String key;

        private InvalidValueException(String key, Object value, String rule) {
            super(key + " (" + value + ") " + rule);
            this.key = key;
        }

        /** The config key that the value belongs to. */
        public String key() {
            return key;
        }
    }

    /** Requires a rule of one key, for example {@code check(p > 0, "power", p, "must be positive")}. */
    public static void check(boolean holds, String key, Object value, String rule) {
        if (!holds) throw new InvalidValueException(key, value, rule);
    }

    /** Requires a relation between several keys; the rule is a format string that names all of them. */
    public static void require(boolean holds, String rule, Object... values) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, values));
    }

    /** Requires an integer of at least 1. */
    public static void positive(String key, int value) {
        check(value >= 1, key, value, "must be at least 1");
    }

    /** Requires a number of blocks: at least 1, and not so many that building the network takes minutes. */
    public static void depth(String key, int value) {
        depth(key, value, 1);
    }

    /** Like {@link #depth(String, int)}, with another minimum. */
    public static void depth(String key, int value, int min) {
        check(value >= min, key, value, "must be at least " + min);
        check(value <= MAX_DEPTH, key, value, "must be at most " + MAX_DEPTH);
    }

    /** Requires integers of at least 1. */
    public static void positive(String key, int... values) {
        for (int value : values) positive(key, value);
    }

    /** Requires a finite number above 0. */
    public static void positive(String key, double value) {
        check(value > 0 && Double.isFinite(value), key, value, "must be positive");
    }

    /** Requires a finite number of at least 0. */
    public static void nonNegative(String key, double value) {
        check(value >= 0 && Double.isFinite(value), key, value, "must be at least 0");
    }

    /** Requires a number in [0, 1]. */
    public static void fraction(String key, double value) {
        check(value >= 0 && value <= 1, key, value, "must be in [0, 1]");
    }

    /** Requires a probability or decay in [0, 1). */
    public static void rate(String key, double value) {
        check(value >= 0 && value < 1, key, value, "must be in [0, 1)");
    }

    /** Requires {@code value} to be a multiple of {@code divisor}. */
    public static void divides(String divisorKey, int divisor, String key, int value) {
        check(value % divisor == 0, key, value, "must be a multiple of " + divisorKey + " (" + divisor + ")");
    }
}
