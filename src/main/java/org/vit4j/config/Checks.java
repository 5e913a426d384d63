package org.vit4j.config;

/** Checks of the config records; the message names the rule and the values, the reader adds file and line. */
public final class Checks {
    private Checks() {}

    public static void require(boolean holds, String rule, Object... values) {
        if (!holds) throw new IllegalArgumentException(String.format(rule, values));
    }

    public static void positive(String name, int... values) {
        for (int value : values) require(value >= 1, "%s (%d) must be at least 1", name, value);
    }

    public static void rate(String name, double value) {
        require(value >= 0 && value < 1, "%s (%s) must be at least 0 and below 1", name, value);
    }

    public static void divides(String part, int divisor, String whole, int value) {
        require(value % divisor == 0, "%s (%d) must be a multiple of %s (%d)", whole, value, part, divisor);
    }
}
