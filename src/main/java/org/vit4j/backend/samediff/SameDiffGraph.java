package org.vit4j.backend.samediff;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.backend.LossInputs;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Shape;

/**
 * A graph as SameDiff operations over live {@link ParameterStore}.
 *
 * @param inputs placeholders, one for each input of the graph, [B, ..], images [B, H, W, C]
 * @param names graph tensor -> SameDiff variable; its rows may be flattened, [B * T, D] for [T, D]
 * @param masks random masks that training fills, step by step
 * @param statistics what batch normalizations saw, in training
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

    /**
     * A placeholder that dropout multiplies by: 0, or 1 / (1 - rate).
     *
     * @param shape of one example's part; [1] for drop path
     * @param layers whether each element is a layer of a stack: 0 or 1, the same for every example, and one stays
     */
    public record DropMask(String name, Shape shape, double rate, boolean layers) {
        /** Elements an example. */
        public long perExample() {
            return shape.size();
        }
    }

    /**
     * A batch's own mean and biased variance, SameDiff variables [1, C], and the running weights they belong to.
     *
     * @param rowsPerExample elements of a channel in one example; the batch has that many times its size
     */
    public record BatchStatistics(
            String meanWeight,
            String varianceWeight,
            String mean,
            String variance,
            long rowsPerExample,
            double momentum) {}

    @Override
    public SDVariable variable(String tensor) {
        String name = names.get(graph.tensor(tensor).name());
        return sd.getVariable(name);
    }
}
