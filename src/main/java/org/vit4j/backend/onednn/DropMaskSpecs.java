package org.vit4j.backend.onednn;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** The random masks of dropout, drop path and drop layer that training needs as inputs. */
final class DropMaskSpecs {
    private DropMaskSpecs() {}

    /** The masks of a graph in the order of {@link SameDiffGraph#masks}: the random numbers depend on the order. */
    static List<SameDiffGraph.DropMask> of(Graph graph) {
        Map<String, SameDiffGraph.DropMask> masks = new LinkedHashMap<>();
        for (Tensor t : graph.tensors()) {
            of(t).ifPresent(mask -> masks.putIfAbsent(mask.name(), mask));
        }
        return List.copyOf(masks.values());
    }

    static Optional<SameDiffGraph.DropMask> of(Tensor t) {
        String name = t.name() + ".mask";
        if (t.op() instanceof Op.Dropout drop)
            return Optional.of(new SameDiffGraph.DropMask(name, t.shape(), drop.rate(), false));
        if (t.op() instanceof Op.DropPath drop)
            return Optional.of(new SameDiffGraph.DropMask(name, Shape.of(1), drop.rate(), false));
        if (t.op() instanceof Op.DropLayer drop) {
            return Optional.of(
                    new SameDiffGraph.DropMask(drop.stack() + ".mask", Shape.of(drop.layers()), drop.rate(), true));
        }
        return Optional.empty();
    }
}
