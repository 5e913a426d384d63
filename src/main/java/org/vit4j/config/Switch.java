package org.vit4j.config;

import java.util.Locale;
import java.util.Set;

/** Words in configs that mean off or on. */
final class Switch {
    private static final Set<String> OFF = Set.of("false", "off", "no", "none");
    private static final Set<String> ON = Set.of("true", "on", "yes", "1");

    private Switch() {}

    /** Returns true for {@code false}, {@code off}, {@code no} or {@code none}, without quotes and in any case. */
    static boolean isOffWord(Yaml value) {
        return word(value, OFF);
    }

    /** Like {@link #isOffWord}, but also true for the number 0. */
    static boolean isOff(Yaml value) {
        return isOffWord(value) || (value instanceof Yaml.YamlScalar scalar && scalar.plain() && isZero(scalar.text()));
    }

    static boolean isOn(Yaml value) {
        return word(value, ON);
    }

    private static boolean word(Yaml value, Set<String> words) {
        return value instanceof Yaml.YamlScalar scalar
                && scalar.plain()
                && words.contains(scalar.text().toLowerCase(Locale.ROOT));
    }

    private static boolean isZero(String text) {
        return text.matches("[-+]?(0+\\.?0*|\\.0+)([eE][-+]?\\d+)?");
    }
}
