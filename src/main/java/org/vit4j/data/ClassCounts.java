package org.vit4j.data;

import org.vit4j.data.datasets.Dataset;

/** Number of images of each class of a dataset. */
public final class ClassCounts {
    private ClassCounts() {}

    /** Counts the labels, [K]. */
    public static long[] of(Dataset images) {
        long[] counts = new long[images.classes().size()];
        for (int i = 0; i < images.size(); i++) counts[images.label(i)]++;
        return counts;
    }
}
