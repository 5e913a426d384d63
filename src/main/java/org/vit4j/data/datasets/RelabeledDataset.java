package org.vit4j.data.datasets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;
import org.vit4j.config.UnicodeNames;
import org.vit4j.data.image.Image;

/** Dataset relabeled for the classes of a model. Classes are matched by name; those missing in the dataset have no images. */
public final class RelabeledDataset implements Dataset {
    private final Dataset images;
    private final List<String> classes;
    private final List<Integer> labels;

    /**
     * Matches the classes of the dataset to those of the model.
     *
     * @param name of the dataset, for messages
     * @param classes of the model
     * @param classMap names in the dataset in the order of {@code classes}; empty if the names are equal
     * @throws ConfigError if a class of the dataset is missing in the model
     */
    public RelabeledDataset(String name, Dataset images, List<String> classes, List<String> classMap) {
        if (classMap.size() > classes.size()) throw tooManyNames(classMap, classes);
        this.images = images;
        this.classes = List.copyOf(classes);
        List<String> known = classMap.isEmpty() ? this.classes : classMap;
        List<Integer> found = new ArrayList<>();
        for (String label : images.classes()) {
            int index = UnicodeNames.indexOf(known, label);
            if (index < 0) {
                throw new ConfigError(name + ": no class '" + label + "' in the "
                        + (classMap.isEmpty() ? "model" : "class map") + Suggestions.hint(label, known));
            }
            found.add(index);
        }
        this.labels = List.copyOf(found);
    }

    /** Error about a class map with more names than the model has classes. */
    public static ConfigError tooManyNames(List<String> classMap, List<String> classes) {
        return new ConfigError(
                "--class-map: " + classMap.size() + " names, but the model has " + classes.size() + " classes");
    }

    @Override
    public int size() {
        return images.size();
    }

    @Override
    public Image image(int index) {
        return images.image(index);
    }

    @Override
    public boolean decodesOnAccess() {
        return images.decodesOnAccess();
    }

    @Override
    public Optional<ShardLayout> shards() {
        return images.shards();
    }

    @Override
    public ImagePass pass(ReadPlan plan) {
        return images.pass(plan);
    }

    @Override
    public int label(int index) {
        return labels.get(images.label(index));
    }

    @Override
    public Optional<IntFunction<int[]>> labelLists() {
        return images.labelLists()
                .map(lists -> index -> Arrays.stream(lists.apply(index))
                        .map(labels::get)
                        .distinct()
                        .sorted()
                        .toArray());
    }

    @Override
    public String name(int index) {
        return images.name(index);
    }

    @Override
    public List<String> classes() {
        return classes;
    }
}
