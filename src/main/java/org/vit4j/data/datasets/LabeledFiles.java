package org.vit4j.data.datasets;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Paths of image files with their labels.
 *
 * @param directory of the files, for messages
 * @param labels of the files, indices of {@code classes}
 * @param classes in the order of the network's outputs
 */
public record LabeledFiles(String directory, List<String> files, List<Integer> labels, List<String> classes)
        implements Serializable {

    public LabeledFiles {
        files = List.copyOf(files);
        labels = List.copyOf(labels);
        classes = List.copyOf(classes);
    }

    /**
     * Training and validation files.
     *
     * @param validation has the classes of {@code train}
     */
    public record SplitFiles(LabeledFiles train, LabeledFiles validation) implements Serializable {}

    /** Divides the files by {@link StratifiedSplit}. */
    SplitFiles holdOut(double share, long seed) {
        Set<Integer> heldOut = StratifiedSplit.holdOut(labels, classes.size(), share, seed);
        return new SplitFiles(subset(heldOut, false), subset(heldOut, true));
    }

    private LabeledFiles subset(Set<Integer> indices, boolean contained) {
        List<String> subsetFiles = new ArrayList<>();
        List<Integer> subsetLabels = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            if (indices.contains(i) != contained) continue;
            subsetFiles.add(files.get(i));
            subsetLabels.add(labels.get(i));
        }
        return new LabeledFiles(directory, subsetFiles, subsetLabels, classes);
    }
}
