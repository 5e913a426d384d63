package org.vit4j.data;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Image files with their classes, not opened yet.
 *
 * @param directory that was read, for messages
 * @param labels of each file, an index of {@code classes}
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
     * @param validation with the classes of {@code train}
     */
    public record Pair(LabeledFiles train, LabeledFiles validation) implements Serializable {}

    /** Divides the files by {@link StratifiedSplit}. */
    Pair heldOut(double share, long seed) {
        Set<Integer> held = StratifiedSplit.heldOut(labels, classes.size(), share, seed);
        return new Pair(part(held, false), part(held, true));
    }

    private LabeledFiles part(Set<Integer> held, boolean taken) {
        List<String> some = new ArrayList<>();
        List<Integer> theirs = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            if (held.contains(i) != taken) continue;
            some.add(files.get(i));
            theirs.add(labels.get(i));
        }
        return new LabeledFiles(directory, some, theirs, classes);
    }
}
