package org.vit4j.backend;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Update of the running statistics of batch norms. */
public final class RunningStatistics {
    private RunningStatistics() {}

    /**
     * Updates every running mean and variance by the batch's, as PyTorch does: with the unbiased variance.
     *
     * @param out outputs of a training step, which contain the batch statistics by name
     * @param batch number of examples in the batch
     */
    public static void update(
            ParameterStore parameters, List<BatchStatistics> statistics, Map<String, INDArray> out, long batch) {
        for (BatchStatistics norm : statistics) {
            double count = (double) batch * norm.rowsPerExample();
            double unbiased = count > 1 ? count / (count - 1) : 1;
            updateAverage(parameters.array(norm.meanBuffer()), out.get(norm.mean()), norm.momentum(), 1);
            updateAverage(parameters.array(norm.varianceBuffer()), out.get(norm.variance()), norm.momentum(), unbiased);
        }
    }

    private static void updateAverage(INDArray running, INDArray batch, double momentum, double factor) {
        running.muli(1 - momentum).addi(batch.reshape(running.shape()).mul(momentum * factor));
    }
}
