package org.vit4j.config;

import java.util.LinkedHashMap;
import java.util.Map;

/** Adds to messages of the YAML parser what has to be changed in the file. */
final class YamlProblems {
    /** By the beginning of the message; the first that fits. */
    private static final Map<String, String> FIXES = new LinkedHashMap<>();

    static {
        FIXES.put("found character '\\t", "use spaces instead of the tab");
        FIXES.put("found character", "put the value in quotes");
        FIXES.put(
                "mapping values are not allowed here",
                "check the indentation of this line, and that the key of the line before is followed by ': ' (with a"
                        + " space)");
        FIXES.put("found unexpected end of stream", "a quote is not closed");
        FIXES.put("expected ',' or", "a bracket is not closed, or a comma is missing");
        FIXES.put("but found another document", "remove the line ---");
        FIXES.put("found undefined alias", "the anchor (&name) must be defined before");
        FIXES.put("could not find expected ':'", "a key must be followed by ': ' (with a space)");
        FIXES.put("expected <block end>", "check the indentation of this line");
    }

    private YamlProblems() {}

    static String explained(String problem) {
        for (Map.Entry<String, String> fix : FIXES.entrySet()) {
            if (problem.startsWith(fix.getKey()))
                return problem.replaceFirst("\\.? \\(Do not use.*", "") + "; " + fix.getValue();
        }
        return problem;
    }
}
