package org.vit4j.layers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.vit4j.config.Section;

/**
 * Reader of lists with one entry per stage, or one value for all stages. Defaults are those of a reference network with
 * another number of stages: the list is cut, or its last entry is repeated. A rejected list is replaced by the default,
 * so that reading can continue.
 */
public record StageKeys(Section section, int count) {

    public List<Integer> ints(String key, List<Integer> standard) {
        return each(key, section.intsAt(key, fitted(standard)), standard);
    }

    /** A single value doubles with each stage. */
    public List<Integer> doubledInts(String key, int first) {
        List<Integer> values = section.intsAt(key, List.of(first));
        if (values.size() == 1 && count > 1) values = doubled(values.get(0));
        return each(key, values, doubled(first));
    }

    public List<Double> doubles(String key, double standard) {
        return each(key, section.doublesAt(key, List.of(standard)), List.of(standard));
    }

    public List<Boolean> bools(String key, boolean standard) {
        return each(key, section.boolsAt(key, List.of(standard)), List.of(standard));
    }

    public List<List<Integer>> intLists(String key, List<List<Integer>> standard) {
        return each(key, section.intListsAt(key, fitted(standard)), standard);
    }

    public <E extends Enum<E>> List<E> choices(String key, Class<E> type, List<String> standard) {
        List<E> constants = new ArrayList<>();
        for (String word : each(key, section.stringsAt(key, fitted(standard)), standard)) {
            try {
                constants.add(Enum.valueOf(type, word.toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                section.reject(key, "unknown value '" + word + "', expected " + words(type));
                constants.add(type.getEnumConstants()[0]);
            }
        }
        return constants;
    }

    private static <E extends Enum<E>> String words(Class<E> type) {
        return String.join(
                ", ",
                Arrays.stream(type.getEnumConstants())
                        .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                        .toList());
    }

    private List<Integer> doubled(int first) {
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < count; i++) all.add(first << i);
        return all;
    }

    private <T> List<T> fitted(List<T> standard) {
        if (standard.size() == count) return standard;
        List<T> all = new ArrayList<>(standard.subList(0, Math.min(count, standard.size())));
        while (all.size() < count) all.add(standard.get(standard.size() - 1));
        return all;
    }

    private <T> List<T> each(String key, List<T> values, List<T> standard) {
        if (values.size() == 1) return Collections.nCopies(count, values.get(0));
        if (values.size() == count) return values;
        section.reject(key, "expected one entry for each of " + count + " stages, got " + values.size());
        return fitted(standard);
    }
}
