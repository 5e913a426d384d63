package org.vit4j.layers;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.vit4j.config.Section;

/** Readers of config keys with one value for all stages, or one value per stage. */
public final class PerStage {
    private PerStage() {}

    public static List<Integer> ints(Section s, String key, int count, List<Integer> standard) {
        return spread(s, key, count, s.intsAt(key, standard));
    }

    public static List<Double> doubles(Section s, String key, int count, double standard) {
        return spread(s, key, count, s.doublesAt(key, List.of(standard)));
    }

    public static <E extends Enum<E>> List<E> choices(Section s, String key, int count, Class<E> type, E standard) {
        List<String> known = Arrays.stream(type.getEnumConstants())
                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                .toList();
        List<String> written = s.stringsAt(key, List.of(standard.name().toLowerCase(Locale.ROOT)));
        for (String word : written) {
            if (known.contains(word)) continue;
            s.reject(key, "expected one of " + String.join(", ", known) + ", got '" + word + "'");
            return Collections.nCopies(count, standard);
        }
        return spread(
                s,
                key,
                count,
                written.stream()
                        .map(word -> Enum.valueOf(type, word.toUpperCase(Locale.ROOT)))
                        .toList());
    }

    public static <T> List<T> spread(Section s, String key, int count, List<T> values) {
        if (values.size() == count) return values;
        if (values.size() == 1) return Collections.nCopies(count, values.get(0));
        s.reject(key, "expected one value or one for each of " + count + " stages, got " + values.size());
        return values;
    }
}
