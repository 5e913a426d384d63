package org.vit4j.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.vit4j.graph.Tensor;

/**
 * A piece of a network that is drawn as one thing.
 *
 * @param name the path of its tensors, or of the tensor
 * @param tensors all of them, in the order of the graph
 * @param parts what is drawn within; empty for a plain box
 * @param copies the same piece again, one after the other behind this one
 */
record Module(String name, List<Tensor> tensors, List<Module> parts, List<Module> copies) {
    boolean isBox() {
        return parts.isEmpty();
    }

    /** Its tensors and those of its copies. */
    Stream<Tensor> all() {
        return Stream.concat(tensors.stream(), copies.stream().flatMap(copy -> copy.tensors.stream()));
    }

    Module followedBy(Module copy) {
        List<Module> more = new ArrayList<>(copies);
        more.add(copy);
        return new Module(name, tensors, parts, List.copyOf(more));
    }
}
