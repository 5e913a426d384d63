package org.vit4j.backend;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.graph.Graph;

/** A network as its loss sees it: tensors that further SameDiff operations can be made of. */
public interface LossInputs {
    SameDiff sd();

    Graph graph();

    /**
     * A tensor of the network, [B, ..]; its rows may be flattened, [B * T, D] for [T, D].
     *
     * @throws IllegalArgumentException when there is none of that name
     */
    SDVariable variable(String tensor);

    /** An output of the network by its name. */
    default SDVariable output(String name) {
        return variable(graph().outputs().get(name).name());
    }
}
