package org.vit4j.data.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.vit4j.data.random.SeededRandom;

/** Random split that holds out the same share of every class for validation; depends only on the seed. */
public final class StratifiedSplit {
    private StratifiedSplit() {}

    /**
     * Draws the examples to hold out: shuffles each class and takes the first {@code share}, rounded to the nearest integer.
     * At least one image of each class stays in training.
     *
     * @param labels of each example, below {@code classes}
     * @param share of each class, 0..1
     * @return indices of {@code labels}
     */
    public static Set<Integer> holdOut(List<Integer> labels, int classes, double share, long seed) {
        List<List<Integer>> byClass = new ArrayList<>();
        for (int k = 0; k < classes; k++) byClass.add(new ArrayList<>());
        for (int i = 0; i < labels.size(); i++) byClass.get(labels.get(i)).add(i);
        Set<Integer> heldOut = new TreeSet<>();
        for (int k = 0; k < classes; k++) {
            List<Integer> ofClass = byClass.get(k);
            SeededRandom.shuffle(ofClass, SeededRandom.random(seed, k));
            int count = (int) Math.round(ofClass.size() * share);
            heldOut.addAll(ofClass.subList(0, Math.min(count, Math.max(0, ofClass.size() - 1))));
        }
        return heldOut;
    }
}
