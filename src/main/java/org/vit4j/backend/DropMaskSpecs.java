package org.vit4j.backend;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** The random masks of dropout, drop path and drop layer that training needs as inputs. */
public final class DropMaskSpecs {
    private DropMaskSpecs() {}

    /** The masks of a graph in the order of its tensors: the random numbers depend on the order. */
    public static List<DropMask> of(Graph graph) {
        Map<String, DropMask> masks = new LinkedHashMap<>();
        for (Tensor t : graph.tensors()) {
            of(t).ifPresent(mask -> masks.putIfAbsent(mask.name(), mask));
        }
        return List.copyOf(masks.values());
    }

    /** The mask that a tensor needs; the branches of a stack of layers share one. */
    public static Optional<DropMask> of(Tensor t) {
        if (!(t.op() instanceof DropOp drop)) return Optional.empty();
        boolean layers = drop instanceof DropOp.DropLayer;
        return Optional.of(new DropMask(drop.mask(t.name()), drop.maskShape(t.shape()), drop.rate(), layers));
    }
}
