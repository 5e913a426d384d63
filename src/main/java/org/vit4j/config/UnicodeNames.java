package org.vit4j.config;

import java.text.Normalizer;
import java.util.List;

/**
 * Comparison of names of classes. Two names are equal if they consist of the same characters in any Unicode form: macOS
 * writes a directory {@code é} as {@code e} and an accent (NFD), other systems as one code point (NFC).
 */
public final class UnicodeNames {
    private UnicodeNames() {}

    /** Index of a name: of exactly these code points, otherwise of the first equal one; -1 if there is none. */
    public static int indexOf(List<String> names, String name) {
        int exact = names.indexOf(name);
        if (exact >= 0 || isAscii(name)) return exact;
        String composed = composed(name);
        for (int i = 0; i < names.size(); i++) if (composed(names.get(i)).equals(composed)) return i;
        return -1;
    }

    /** Returns a name in composed form, NFC. */
    public static String composed(String name) {
        return Normalizer.normalize(name, Normalizer.Form.NFC);
    }

    /** Characters of ASCII have one form only. */
    private static boolean isAscii(String name) {
        return name.chars().allMatch(c -> c < 0x80);
    }
}
