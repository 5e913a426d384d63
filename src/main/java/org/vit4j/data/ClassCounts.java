package org.vit4j.data;

import java.util.function.IntFunction;
import org.vit4j.data.datasets.Dataset;

/** Number of images of each class of a dataset. */
public final class ClassCounts {
    private ClassCounts() {}

    /** Counts the labels, [K]; an image with several labels counts for each of them. */
    public static long[] of(Dataset images) {
        long[] counts = new long[images.classes().size()];
        IntFunction<int[]> labels = images.labelLists().orElse(index -> new int[] {images.label(index)});
        for (int i = 0; i < images.size(); i++)
            for (int label : labels.apply(i)) counts[checked(label, counts.length, images, i)]++;
        return counts;
    }

    /** @throws IllegalArgumentException unless a label of an image is an index of its classes */
    static int checked(int label, int classes, Dataset images, int index) {
        if (label >= 0 && label < classes) return label;
        throw new IllegalArgumentException(images.name(index) + ": label " + label + ", expected 0 to " + (classes - 1)
                + ", an index of the classes");
    }
}
