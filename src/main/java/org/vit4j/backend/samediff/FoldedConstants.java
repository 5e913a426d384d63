package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Values that are the same in every run, by name. Equal ones share an array: networks repeat themselves. */
final class FoldedConstants implements AutoCloseable {
    private final Map<String, INDArray> byName = new HashMap<>();
    private final List<INDArray> distinct = new ArrayList<>();

    void add(String name, INDArray value) {
        byName.put(
                name,
                distinct.stream().filter(kept -> same(kept, value)).findFirst().orElseGet(() -> copy(value)));
    }

    private INDArray copy(INDArray value) {
        INDArray copy = value.isEmpty() ? value : value.dup('c');
        distinct.add(copy);
        return copy;
    }

    /** Bit by bit: for numbers 0 and -0 are equal, and NaN is not. */
    private static boolean same(INDArray kept, INDArray value) {
        if (kept.dataType() != value.dataType() || !kept.equalShapes(value) || value.isEmpty()) return false;
        return kept.data().asNio().equals(value.data().asNio());
    }

    boolean has(String name) {
        return byName.containsKey(name);
    }

    INDArray get(String name) {
        return byName.get(name);
    }

    /** Frees what is not needed. */
    void keep(Set<INDArray> needed) {
        for (INDArray array : distinct) {
            if (!needed.contains(array) && array.closeable()) array.close();
        }
        distinct.retainAll(needed);
    }

    long bytes() {
        return distinct.stream()
                .mapToLong(array -> array.length() * array.dataType().width())
                .sum();
    }

    @Override
    public void close() {
        keep(Set.of());
        byName.clear();
    }
}
