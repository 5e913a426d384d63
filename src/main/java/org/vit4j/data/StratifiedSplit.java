package org.vit4j.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** A random share of every class, held out for validation; the seed alone decides which. */
final class StratifiedSplit {
    private StratifiedSplit() {}

    /**
     * Draws the examples to hold out: of each class, shuffled by the seed, the first {@code share}, rounded to the nearest
     * whole number. The last image of a class stays in training.
     *
     * @param labels of each example, below {@code classes}
     * @param share of each class, 0..1
     * @return indices of {@code labels}
     */
    static Set<Integer> heldOut(List<Integer> labels, int classes, double share, long seed) {
        List<List<Integer>> byClass = new ArrayList<>();
        for (int k = 0; k < classes; k++) byClass.add(new ArrayList<>());
        for (int i = 0; i < labels.size(); i++) byClass.get(labels.get(i)).add(i);
        Set<Integer> held = new TreeSet<>();
        for (int k = 0; k < classes; k++) {
            List<Integer> ofClass = byClass.get(k);
            SeededRandom.shuffle(ofClass, SeededRandom.random(seed, k));
            int count = (int) Math.round(ofClass.size() * share);
            held.addAll(ofClass.subList(0, Math.min(count, Math.max(0, ofClass.size() - 1))));
        }
        return held;
    }
}
