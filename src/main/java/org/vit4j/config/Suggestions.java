package org.vit4j.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** "Did you mean" suggestions: the nearest known word within two edits, or the only one with a common prefix. */
public final class Suggestions {
    private static final int MAX_EDITS = 2;
    private static final int MIN_PREFIX = 3;

    /** Keys that a value without a section was probably meant for: those of choices, {@code best} and {@code early_stop}. */
    private static final List<String> MAIN_KEYS = List.of("name", "metric", "patience");

    private Suggestions() {}

    /** Returns {@code ", did you mean 'heads'?"}, else a list of the known words if there are few, else "". */
    public static String hint(String written, Collection<String> known) {
        Optional<String> near = nearest(written, known);
        if (near.isPresent()) return ", did you mean '" + near.get() + "'?";
        return known.isEmpty() || known.size() > 24 ? "" : "; known: " + String.join(", ", known);
    }

    /** Returns the known word that was probably meant. */
    public static Optional<String> nearest(String written, Collection<String> known) {
        Optional<String> near = known.stream()
                .filter(word -> edits(written, word) <= Math.min(MAX_EDITS, word.length() / 2))
                .min(Comparator.comparingInt(word -> edits(written, word)));
        return near.isPresent() ? near : byPrefix(written, known);
    }

    /** Returns {@code eval} for {@code evaluate}, {@code output} for {@code out}; requires three common letters. */
    private static Optional<String> byPrefix(String written, Collection<String> known) {
        List<String> matches = known.stream()
                .filter(word -> Math.min(word.length(), written.length()) >= MIN_PREFIX)
                .filter(word -> word.startsWith(written) || written.startsWith(word))
                .distinct()
                .toList();
        return matches.size() == 1 ? Optional.of(matches.get(0)) : Optional.empty();
    }

    /**
     * Completes the problem of a value that is not a section: by the section that was probably meant, else by its keys.
     *
     * @param line one of the problems
     * @param known keys that were read
     */
    static void completeWithKeys(List<String> problems, String line, Yaml value, Collection<String> known) {
        int index = problems.indexOf(line);
        if (index < 0 || known.isEmpty()) return;
        Optional<String> main = MAIN_KEYS.stream().filter(known::contains).findFirst();
        String hint = main.isPresent() && value instanceof Yaml.YamlScalar scalar
                ? "; did you mean {" + main.get() + ": " + scalar.text() + "}?"
                : "; its keys: " + String.join(", ", known);
        problems.set(index, line + hint);
    }

    /** Damerau-Levenshtein distance, restricted form: swapping two neighbors counts as one edit. */
    static int edits(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int replace = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                d[i][j] = Math.min(replace, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
        return d[a.length()][b.length()];
    }
}
