package org.vit4j.backend.samediff;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.LossInputs;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;

/**
 * A graph lowered to SameDiff operations over the live arrays of a {@link ParameterStore}.
 *
 * @param inputs placeholders, one per input of the graph, [B, ..], images [B, H, W, C]
 * @param names graph tensor -> SameDiff variable; its rows may be flattened, [B * T, D] for [T, D]
 * @param masks random masks of dropout, to be fed in every training step
 * @param statistics batch statistics of batch norms, in training mode
 */
public record SameDiffGraph(
        SameDiff sd,
        Graph graph,
        ParameterStore parameters,
        List<String> inputs,
        Map<String, String> names,
        List<DropMask> masks,
        List<BatchStatistics> statistics)
        implements LossInputs {

    @Override
    public SDVariable variable(String tensor) {
        String name = names.get(graph.tensor(tensor).name());
        return sd.getVariable(name);
    }
}
