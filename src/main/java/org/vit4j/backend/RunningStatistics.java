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

    /**
     * Updates the running mean and variance of one batch norm in the host's memory. A loop in Java: these arrays are
     * small, and ND4J takes longer to start an op than to run it.
     */
    public static void update(
            ParameterStore parameters, BatchStatistics norm, float[] mean, float[] variance, long batch) {
        double count = (double) batch * norm.rowsPerExample();
        double unbiased = count > 1 ? count / (count - 1) : 1;
        updateAverage(parameters.array(norm.meanBuffer()), mean, norm.momentum(), 1);
        updateAverage(parameters.array(norm.varianceBuffer()), variance, norm.momentum(), unbiased);
    }

    private static void updateAverage(INDArray running, float[] batch, double momentum, double factor) {
        HostFloats memory = HostFloats.of(running, 0);
        float[] values = new float[batch.length];
        memory.get(values);
        float kept = (float) (1 - momentum);
        float added = (float) (momentum * factor);
        for (int i = 0; i < values.length; i++) values[i] = values[i] * kept + batch[i] * added;
        memory.put(values);
    }

    private static void updateAverage(INDArray running, INDArray batch, double momentum, double factor) {
        running.muli(1 - momentum).addi(batch.reshape(running.shape()).mul(momentum * factor));
    }
}
