package org.vit4j.data.shards;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Labels of a shard as they are written: numbers, or names.
 *
 * @param numbers of each image; empty if the labels are names
 * @param texts of each image; empty if the labels are numbers
 * @param classes names of the numbers, if the file contains them; otherwise empty
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record LabelValues(int[] numbers, List<String> texts, List<String> classes) {
    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d{1,9}");

    /** No labels, of images that are only predicted. */
    static final LabelValues NONE = new LabelValues(new int[0], List.of(), List.of());

    static LabelValues ofNumbers(int[] numbers, List<String> classes) {
        return new LabelValues(numbers, List.of(), classes);
    }

    /** Labels in text form: numbers if all of them are integers, otherwise names. */
    static LabelValues ofTexts(List<String> labels) {
        if (labels.stream().allMatch(label -> INTEGER.matcher(label).matches()))
            return ofNumbers(labels.stream().mapToInt(Integer::parseInt).toArray(), List.of());
        return ofNames(labels);
    }

    static LabelValues ofNames(List<String> labels) {
        Map<String, String> shared = new HashMap<>(); // one string per class
        List<String> texts = new ArrayList<>(labels.size());
        for (String label : labels) texts.add(shared.computeIfAbsent(label, name -> name));
        return new LabelValues(new int[0], texts, List.of());
    }

    /** The first image whose label is not a number that fits an index, which makes all labels names; -1 if there is none. */
    int firstName() {
        for (int i = 0; i < texts.size(); i++)
            if (!INTEGER.matcher(texts.get(i)).matches()) return i;
        return -1;
    }

    boolean areNames() {
        return !texts.isEmpty();
    }

    int size() {
        return areNames() ? texts.size() : numbers.length;
    }
}
