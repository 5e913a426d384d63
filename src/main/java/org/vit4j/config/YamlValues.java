package org.vit4j.config;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** Conversion of YAML values to numbers, words and lists; throws {@link TypeMismatch} for values of another type. */
final class YamlValues {
    private YamlValues() {}

    static int parseInt(Yaml value) {
        return parseInteger(value, Integer.MAX_VALUE).intValue();
    }

    static long parseLong(Yaml value) {
        return parseInteger(value, Long.MAX_VALUE).longValue();
    }

    private static BigInteger parseInteger(Yaml value, long largest) {
        BigInteger number = TypeMismatch.parse(value, "an integer", BigInteger::new);
        if (number.bitLength() > BigInteger.valueOf(largest).bitLength())
            throw new TypeMismatch(value, "expected an integer of at most " + largest + ", got " + Yaml.shown(value));
        return number;
    }

    static double parseDouble(Yaml value) {
        double number = TypeMismatch.parse(value, "a number", YamlValues::decimal);
        if (!Double.isFinite(number))
            throw new TypeMismatch(value, "expected a finite number, got " + Yaml.shown(value));
        return number;
    }

    /** Java also reads 1f, 1d and hexadecimal numbers, which YAML does not have. */
    private static double decimal(String text) {
        if (text.matches("[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)")) return Double.NaN;
        if (text.matches(".*[dDfF]|[-+]?0[xX].*")) throw new NumberFormatException(text);
        return Double.parseDouble(text);
    }

    static boolean parseBool(Yaml value) {
        TypeMismatch.scalar(value, "true or false");
        if (Switch.isOff(value)) return false;
        if (Switch.isOn(value)) return true;
        throw new TypeMismatch(value, "expected true or false, got " + Yaml.shown(value));
    }

    static String parseString(Yaml value) {
        return TypeMismatch.scalar(value, "a word").text();
    }

    static String parseWord(Yaml value, List<String> words) {
        String word =
                TypeMismatch.scalar(value, "one of " + String.join(", ", words)).text();
        if (!words.contains(word))
            throw new TypeMismatch(value, "unknown value '" + word + "'" + Suggestions.hint(word, words));
        return word;
    }

    static <T> List<T> parseList(Yaml value, Function<Yaml, T> parser) {
        if (value instanceof Yaml.YamlSequence list)
            return list.items().stream().map(parser).toList();
        return List.of(parser.apply(value));
    }

    static <T> Map<String, T> parseMap(Yaml value, Function<Yaml, T> parser) {
        if (!(value instanceof Yaml.YamlMapping mapping))
            throw new TypeMismatch(value, "expected a section (keys below it), got " + Yaml.shown(value));
        Map<String, T> values = new LinkedHashMap<>();
        mapping.entries().forEach((name, item) -> values.put(name, parser.apply(item)));
        return values;
    }

    /** Returns the constants of an enum as they are written in configs. */
    static <E extends Enum<E>> List<String> words(Class<E> type) {
        return Arrays.stream(type.getEnumConstants()).map(YamlValues::word).toList();
    }

    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
