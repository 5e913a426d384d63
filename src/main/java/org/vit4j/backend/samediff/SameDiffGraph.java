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

    /**
     * A placeholder for the random mask of dropout, with values 0 or 1 / (1 - rate).
     *
     * @param shape shape per example; [1] for drop path
     * @param layers whether elements are the layers of a stack (drop layer): values 0 or 1, equal for all examples, at
     *     least one of them 1
     */
    public record DropMask(String name, Shape shape, double rate, boolean layers) {
        /** Number of elements per example. */
        public long perExample() {
            return shape.size();
        }
    }

    /**
     * Batch statistics of a batch norm and the buffers of its running statistics.
     *
     * @param meanBuffer name of the running mean; likewise {@code varianceBuffer}
     * @param mean SameDiff variable of the batch mean, [1, C]; likewise {@code variance}, which is biased
     * @param rowsPerExample number of elements per channel in one example
     */
    public record BatchStatistics(
            String meanBuffer,
            String varianceBuffer,
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
