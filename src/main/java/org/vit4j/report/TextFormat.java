package org.vit4j.report;

import java.util.List;
import java.util.Locale;

/** Numbers and lists as people read them; an en dash for what is not known. */
public final class TextFormat {
    private static final int FEW = 4;

    private TextFormat() {}

    /** Minutes and seconds, hours before them where there are any: 4:07, 1:02:03. */
    public static String time(double seconds) {
        long s = Math.round(seconds);
        return s < 3600
                ? String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    }

    /** A fraction as 98.61%. */
    static String percent(Double fraction) {
        return fraction == null ? "–" : String.format(Locale.ROOT, "%.2f%%", 100 * fraction);
    }

    /** Four significant digits. */
    static String number(Double value) {
        return value == null ? "–" : Axis.number(value, 4);
    }

    /** All of a few words; the first of many, and how many more there are. */
    static String few(List<String> words) {
        return words.size() <= FEW
                ? String.join(", ", words)
                : String.join(", ", words.subList(0, FEW - 1)) + " and " + (words.size() - FEW + 1) + " more";
    }
}
