package org.vit4j.data;

/** What records of this package say when a number does not fit. */
final class Rule {
    private Rule() {}

    static void check(boolean rule, String text, Object value) {
        if (!rule) throw new IllegalArgumentException(text + " (" + value + ")");
    }

    static void share(String name, double value) {
        check(value >= 0 && value <= 1, name + " must lie in 0..1", value);
    }
}
