package org.vit4j.data.datasets;

import java.util.Comparator;

/**
 * Natural order of names, as timm's {@code natural_key}: digits are compared as numbers ({@code 9} before {@code 10}), other
 * characters ignoring case. Names that are equal by this key, such as {@code 1} and {@code 01}, are ordered by their
 * characters.
 */
public final class NaturalOrder implements Comparator<String> {
    /** The only instance. */
    public static final NaturalOrder INSTANCE = new NaturalOrder();

    private NaturalOrder() {}

    @Override
    public int compare(String a, String b) {
        int i = 0;
        int j = 0;
        while (i < a.length() && j < b.length()) {
            int x = a.codePointAt(i);
            int y = b.codePointAt(j);
            if (Character.isDigit(x) && Character.isDigit(y)) {
                int endA = endOfDigits(a, i);
                int endB = endOfDigits(b, j);
                int order = compareNumbers(a.substring(i, endA), b.substring(j, endB));
                if (order != 0) return order;
                i = endA;
                j = endB;
                continue;
            }
            // timm splits names into text and numbers; text that ends at a number is a prefix of longer text, so
            // smaller.
            if (Character.isDigit(x) || Character.isDigit(y)) return Character.isDigit(x) ? -1 : 1;
            int order = Integer.compare(Character.toLowerCase(x), Character.toLowerCase(y));
            if (order != 0) return order;
            i += Character.charCount(x);
            j += Character.charCount(y);
        }
        int order = Integer.compare(a.length() - i, b.length() - j);
        return order != 0 ? order : a.compareTo(b);
    }

    private static int endOfDigits(String text, int from) {
        int at = from;
        while (at < text.length() && Character.isDigit(text.codePointAt(at))) {
            at += Character.charCount(text.codePointAt(at));
        }
        return at;
    }

    private static int compareNumbers(String a, String b) {
        int[] x = significantDigits(a);
        int[] y = significantDigits(b);
        if (x.length != y.length) return Integer.compare(x.length, y.length);
        return java.util.Arrays.compare(x, y);
    }

    /** Values of the digits, without leading zeros. */
    private static int[] significantDigits(String digits) {
        return digits.codePoints()
                .map(digit -> Character.digit(digit, 10))
                .dropWhile(value -> value == 0)
                .toArray();
    }
}
