package org.vit4j.accelerated;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.samediff.Lowered;

/** The random masks that a network wants in training. */
final class DropMasks {
    private DropMasks() {}

    /** The masks of a graph, in the order of {@link Lowered#masks}: the numbers drawn for each depend on it. */
    static List<Lowered.Mask> of(Graph graph) {
        Map<String, Lowered.Mask> masks = new LinkedHashMap<>();
        for (Tensor t : graph.tensors()) {
            of(t).ifPresent(mask -> masks.putIfAbsent(mask.name(), mask));
        }
        return List.copyOf(masks.values());
    }

    static Optional<Lowered.Mask> of(Tensor t) {
        String name = t.name() + ".mask";
        if (t.op() instanceof Op.Dropout drop)
            return Optional.of(new Lowered.Mask(name, t.shape(), drop.rate(), false));
        if (t.op() instanceof Op.DropPath drop)
            return Optional.of(new Lowered.Mask(name, Shape.of(1), drop.rate(), false));
        if (t.op() instanceof Op.DropLayer drop) {
            return Optional.of(new Lowered.Mask(drop.stack() + ".mask", Shape.of(drop.layers()), drop.rate(), true));
        }
        return Optional.empty();
    }
}
