package org.vit4j.backend;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.graph.Graph;

/** Access of a loss function to the network: its tensors as SameDiff variables, to compose the loss of. */
public interface LossInputs {
    SameDiff sd();

    Graph graph();

    /**
     * A tensor of the network, [B, ..]; its rows may be flattened, [B * T, D] for [T, D].
     *
     * @throws IllegalArgumentException if the graph has no tensor of that name
     */
    SDVariable variable(String tensor);

    /** An output of the network by its name. */
    default SDVariable output(String name) {
        return variable(graph().outputs().get(name).name());
    }
}
