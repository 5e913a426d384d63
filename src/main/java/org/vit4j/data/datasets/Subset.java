package org.vit4j.data.datasets;

import java.util.List;
import org.vit4j.data.image.Image;

/** Subset of a dataset, in the order of {@code indices}. */
final class Subset implements Dataset {
    private final Dataset all;
    private final int[] indices;

    Subset(Dataset all, List<Integer> indices) {
        this.all = all;
        this.indices = indices.stream().mapToInt(i -> i).toArray();
    }

    @Override
    public int size() {
        return indices.length;
    }

    @Override
    public Image image(int index) {
        return all.image(indices[index]);
    }

    @Override
    public boolean decodesOnAccess() {
        return all.decodesOnAccess();
    }

    @Override
    public int label(int index) {
        return all.label(indices[index]);
    }

    @Override
    public String name(int index) {
        return all.name(indices[index]);
    }

    @Override
    public List<String> classes() {
        return all.classes();
    }
}
