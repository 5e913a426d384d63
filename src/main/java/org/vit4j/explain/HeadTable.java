package org.vit4j.explain;

import java.util.List;
import java.util.stream.Collectors;

/**
 * One number per attention head and layer.
 *
 * @param layers layer names
 * @param values [layers][heads]; layers may have different numbers of heads
 */
public record HeadTable(List<String> layers, List<List<Double>> values) {
    public HeadTable {
        layers = List.copyOf(layers);
        values = values.stream().map(List::copyOf).toList();
    }

    /** Returns the mean over heads of each layer. */
    public List<Double> means() {
        return values.stream()
                .map(row -> row.stream().collect(Collectors.averagingDouble(x -> x)))
                .toList();
    }
}
