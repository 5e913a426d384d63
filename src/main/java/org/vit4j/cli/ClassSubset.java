package org.vit4j.cli;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;
import org.vit4j.config.UnicodeNames;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.TextLines;
import org.vit4j.data.image.Image;

/**
 * Part of a model's classes, for an evaluation that ignores the others.
 *
 * @param indices in the model, in the order of the subset
 */
record ClassSubset(List<Integer> indices) {
    ClassSubset {
        indices = List.copyOf(indices);
    }

    /**
     * Reads a file with one class per line: its index, as in timm's files, or its name.
     *
     * @throws ConfigError if a line is not a class, or is a duplicate
     */
    static ClassSubset read(Path file, List<String> classes) {
        Set<Integer> indices = new LinkedHashSet<>();
        for (String line : TextLines.read(file)) {
            int index = line.matches("\\d{1,9}") ? Integer.parseInt(line) : UnicodeNames.indexOf(classes, line);
            if (index < 0) throw new ConfigError(file + ": no class '" + line + "'" + Suggestions.hint(line, classes));
            if (index >= classes.size())
                throw new ConfigError(file + ": index " + index + " out of range [0, " + classes.size() + ")");
            if (!indices.add(index)) throw new ConfigError(file + ": duplicate class '" + line + "'");
        }
        if (indices.isEmpty()) throw new ConfigError(file + ": is empty; expected one class per line");
        return new ClassSubset(List.copyOf(indices));
    }

    /** Names of the classes of the subset. */
    List<String> names(List<String> classes) {
        return indices.stream().map(classes::get).toList();
    }

    /** Returns the images of these classes, with their positions in the subset as labels. */
    Dataset select(String name, Dataset all) {
        List<Integer> images = IntStream.range(0, all.size())
                .filter(i -> indices.contains(all.label(i)))
                .boxed()
                .toList();
        if (images.isEmpty()) throw new ConfigError(name + ": has no images of the classes of --valid-labels");
        return new SelectedImages(all, images, this);
    }

    /** Selects the columns of these classes: [N, K] -> [N, K']. */
    INDArray select(INDArray logits) {
        float[][] rows = logits.toFloatMatrix();
        float[][] selected = new float[rows.length][indices.size()];
        for (int i = 0; i < rows.length; i++) {
            for (int k = 0; k < selected[i].length; k++) selected[i][k] = rows[i][indices.get(k)];
        }
        return Nd4j.createFromArray(selected);
    }

    private static final class SelectedImages implements Dataset {
        private final Dataset all;
        private final List<Integer> images;
        private final List<String> classes;
        private final Map<Integer, Integer> labels = new HashMap<>();

        SelectedImages(Dataset all, List<Integer> images, ClassSubset subset) {
            this.all = all;
            this.images = images;
            this.classes = subset.names(all.classes());
            for (int label = 0; label < subset.indices.size(); label++) labels.put(subset.indices.get(label), label);
        }

        @Override
        public int size() {
            return images.size();
        }

        @Override
        public Image image(int index) {
            return all.image(images.get(index));
        }

        @Override
        public boolean decodesOnAccess() {
            return all.decodesOnAccess();
        }

        @Override
        public int label(int index) {
            return labels.get(all.label(images.get(index)));
        }

        @Override
        public String name(int index) {
            return all.name(images.get(index));
        }

        @Override
        public List<String> classes() {
            return classes;
        }
    }
}
