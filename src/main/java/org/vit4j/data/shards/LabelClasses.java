package org.vit4j.data.shards;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;
import org.vit4j.config.UnicodeNames;
import org.vit4j.data.datasets.NaturalOrder;

/**
 * The classes of labeled shards, and the class of each label. Numbers are indices of the names in the files; without names, of
 * {@code data.class_map}; without both, they are the names themselves. Names are in the order of {@code data.class_map}, or in
 * natural order.
 */
final class LabelClasses {
    private static final int MOST_CLASSES = 10_000_000;

    private final List<String> names; // of numbers in the files; empty if the numbers are the classes
    private final List<String> classes;
    private final Map<String, Integer> indices = new HashMap<>();
    private final Map<String, Integer> composed = new HashMap<>();
    private final boolean areNames;
    private final String from; // origin of the classes, for messages
    private final String firstName; // example of a name, for messages

    private LabelClasses(List<String> names, List<String> classes, Shard first, String from) {
        this.names = names;
        this.classes = List.copyOf(classes);
        this.areNames = names.isEmpty() && first.labels().areNames();
        this.firstName = example(first);
        this.from = from;
        for (int i = 0; i < classes.size(); i++) {
            indices.put(classes.get(i), i); // a name of exactly these code points comes first
            composed.putIfAbsent(UnicodeNames.composed(classes.get(i)), i);
        }
    }

    /**
     * @param classMap names in the order of the network's outputs; empty for the order of the files
     * @param where origin of the class map, for messages
     */
    static LabelClasses of(ShardStore train, List<String> classMap, String where) {
        Shard first = train.shards().get(0);
        List<String> names = first.labels().classes();
        if (!classMap.isEmpty()) return new LabelClasses(names, classMap, first, where);
        if (!names.isEmpty()) return new LabelClasses(names, names, first, "in its metadata");
        if (first.labels().areNames()) {
            TreeSet<String> distinct = new TreeSet<>(NaturalOrder.INSTANCE);
            for (Shard shard : train.shards())
                shard.labels().texts().forEach(text -> distinct.add(UnicodeNames.composed(text)));
            return new LabelClasses(names, List.copyOf(distinct), first, "in training");
        }
        int last = train.shards().stream()
                .flatMapToInt(shard -> Arrays.stream(shard.labels().numbers()))
                .max()
                .orElse(-1);
        if (last >= MOST_CLASSES) throw new ConfigError(first.file() + ": label " + last + " is out of range");
        List<String> numbers =
                IntStream.rangeClosed(0, last).mapToObj(Integer::toString).toList();
        return new LabelClasses(names, numbers, first, "in training");
    }

    List<String> classes() {
        return classes;
    }

    /** Classes of all images. */
    List<Integer> labels(ShardStore store) {
        List<Integer> labels = new ArrayList<>(store.size());
        for (Shard shard : store.shards()) {
            LabelValues values = shard.labels();
            check(shard);
            for (int i = 0; i < values.size(); i++)
                labels.add(
                        areNames ? ofName(shard, i, values.texts().get(i)) : ofNumber(shard, i, values.numbers()[i]));
        }
        return labels;
    }

    /** All files must have the same kind of labels. */
    private void check(Shard shard) {
        LabelValues values = shard.labels();
        if (values.areNames() != areNames)
            throw new ConfigError(shard.file() + ": labels are " + (areNames ? "numbers" : "names") + "; expected "
                    + (areNames ? "names" : "numbers") + " as in the other files"
                    + (areNames ? firstName : example(shard)));
        if (!values.classes().equals(names))
            throw new ConfigError(
                    shard.file() + ": the class names in its metadata differ from those of the other files");
    }

    /** An example of a label that is a name. */
    private static String example(Shard shard) {
        int name = shard.labels().firstName();
        return name < 0 ? "" : " ('" + shard.labels().texts().get(name) + "' of " + shard.name(name) + " is a name)";
    }

    private int ofNumber(Shard shard, int i, int number) {
        if (!names.isEmpty() && number >= 0 && number < names.size()) return ofName(shard, i, names.get(number));
        int count = names.isEmpty() ? classes.size() : names.size();
        if (names.isEmpty() && number >= 0 && number < count) return number;
        String unlabeled = number == -1 ? " (-1 marks images without a label, such as those of a test split)" : "";
        throw new ConfigError(shard.name(i) + ": label " + number + " is out of range" + unlabeled + "; there are "
                + count + " classes " + from + ", 0 to " + (count - 1));
    }

    private int ofName(Shard shard, int i, String name) {
        Integer index = indices.get(name);
        if (index == null) index = composed.get(UnicodeNames.composed(name));
        if (index != null) return index;
        throw new ConfigError(shard.name(i) + ": no class '" + name + "' " + from + Suggestions.hint(name, classes));
    }
}
