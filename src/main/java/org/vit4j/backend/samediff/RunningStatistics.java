package org.vit4j.backend.samediff;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;

/** What batch normalizations keep of the batches they saw. */
public final class RunningStatistics {
    private RunningStatistics() {}

    /**
     * Moves every running mean and variance towards the batch's, as PyTorch does: the variance unbiased.
     *
     * @param out of a training step, the statistics by name
     * @param batch examples in it
     */
    public static void update(
            ParameterStore parameters,
            List<SameDiffGraph.BatchStatistics> statistics,
            Map<String, INDArray> out,
            long batch) {
        for (SameDiffGraph.BatchStatistics seen : statistics) {
            double count = (double) batch * seen.rowsPerExample();
            double unbiased = count > 1 ? count / (count - 1) : 1;
            move(parameters.array(seen.meanWeight()), out.get(seen.mean()), seen.momentum(), 1);
            move(parameters.array(seen.varianceWeight()), out.get(seen.variance()), seen.momentum(), unbiased);
        }
    }

    private static void move(INDArray running, INDArray batch, double momentum, double factor) {
        running.muli(1 - momentum).addi(batch.reshape(running.shape()).mul(momentum * factor));
    }
}
