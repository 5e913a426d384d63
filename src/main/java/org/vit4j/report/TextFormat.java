package org.vit4j.report;

import java.util.List;
import java.util.Locale;

/** Formats numbers and lists for display; an en dash stands for an unknown value. */
public final class TextFormat {
    /** Longer lists are abbreviated. */
    private static final int MAX_ITEMS = 4;

    private TextFormat() {}

    /** Formats a duration as m:ss or h:mm:ss. */
    public static String time(double seconds) {
        long s = Math.round(seconds);
        return s < 3600
                ? String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    }

    /** Formats a fraction as a percentage with two decimals. */
    static String percent(Double fraction) {
        return fraction == null ? "–" : String.format(Locale.ROOT, "%.2f%%", 100 * fraction);
    }

    /** Formats a number with four significant digits. */
    static String number(Double value) {
        return value == null ? "–" : Axis.number(value, 4);
    }

    /** Joins a list; of a long list the first items and the number of the others. */
    static String abbreviate(List<String> items) {
        return items.size() <= MAX_ITEMS
                ? String.join(", ", items)
                : String.join(", ", items.subList(0, MAX_ITEMS - 1)) + " and " + (items.size() - MAX_ITEMS + 1)
                        + " more";
    }
}
