package org.vit4j.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.vit4j.graph.Tensor;

/**
 * Part of a network that is drawn as one box or frame.
 *
 * @param name common path of its tensors, or the name of a single tensor
 * @param tensors its tensors, in graph order
 * @param children modules drawn inside the frame; empty for a box
 * @param copies identical modules that follow this one and are not drawn
 */
record PlotModule(String name, List<Tensor> tensors, List<PlotModule> children, List<PlotModule> copies) {
    boolean isBox() {
        return children.isEmpty();
    }

    /** Returns its tensors and those of its copies. */
    Stream<Tensor> allTensors() {
        return Stream.concat(tensors.stream(), copies.stream().flatMap(copy -> copy.tensors.stream()));
    }

    PlotModule withCopy(PlotModule copy) {
        List<PlotModule> all = new ArrayList<>(copies);
        all.add(copy);
        return new PlotModule(name, tensors, children, List.copyOf(all));
    }
}
