package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Values that are constant over runs, by name. Equal values share an array: networks contain many identical constants.
 */
final class FoldedConstants implements AutoCloseable {
    private final Map<String, INDArray> byName = new HashMap<>();
    private final List<INDArray> distinct = new ArrayList<>();

    void add(String name, INDArray value) {
        byName.put(
                name,
                distinct.stream()
                        .filter(other -> same(other, value))
                        .findFirst()
                        .orElseGet(() -> copy(value)));
    }

    private INDArray copy(INDArray value) {
        INDArray copy = value.isEmpty() ? value : value.dup('c');
        distinct.add(copy);
        return copy;
    }

    /** Bitwise comparison: numeric comparison would treat 0 and -0 as equal, and NaN as unequal to itself. */
    private static boolean same(INDArray other, INDArray value) {
        if (other.dataType() != value.dataType() || !other.equalShapes(value) || value.isEmpty()) return false;
        return other.data().asNio().equals(value.data().asNio());
    }

    boolean has(String name) {
        return byName.containsKey(name);
    }

    INDArray get(String name) {
        return byName.get(name);
    }

    /** Frees all arrays except the needed ones. */
    void retain(Set<INDArray> needed) {
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
        retain(Set.of());
        byName.clear();
    }
}
