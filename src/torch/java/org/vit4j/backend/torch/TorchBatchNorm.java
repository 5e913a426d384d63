package org.vit4j.backend.torch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.RunningStatistics;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Tensor;

/** Batch normalization by the statistics of the batch, which are kept until the next pass. */
final class TorchBatchNorm {
    private final TorchDevice device;
    private final long batch;
    private final List<BatchStatistics> statistics = new ArrayList<>();
    private final Map<String, INDArray> arrays = new LinkedHashMap<>();

    TorchBatchNorm(TorchDevice device, long batch) {
        this.device = device;
        this.batch = batch;
    }

    /**
     * Normalizes axis 1 of {@code x}.
     *
     * @param weights gamma, beta, running mean and running variance
     */
    TorchValue normalize(Tensor t, NormOp.BatchNorm op, TorchValue x, List<TorchValue> weights) {
        long channels = t.dim(op.axis());
        long perExample = t.shape().size() / channels;
        TorchValue mean = new TorchValue(device.tensor(TorchArrays.zeros(channels)));
        TorchValue variance = new TorchValue(device.tensor(TorchArrays.zeros(channels)));
        TorchValue y = x.batchNorm(weights.get(0), weights.get(1), mean, variance, op.epsilon());
        BatchStatistics names = new BatchStatistics(
                t.parameters().get(2).name(),
                t.parameters().get(3).name(),
                t.name() + ".batch_mean",
                t.name() + ".batch_variance",
                perExample,
                op.momentum());
        double count = (double) batch * perExample;
        statistics.add(names);
        arrays.put(names.mean(), TorchArrays.copy(mean.tensor(), channels));
        INDArray unbiased = TorchArrays.copy(variance.tensor(), channels);
        // One value has no unbiased variance: libtorch divides by 0.
        arrays.put(names.variance(), count > 1 ? unbiased.muli((count - 1) / count) : unbiased.assign(0));
        return y;
    }

    /** Updates the running statistics by those of the batch. */
    void update(ParameterStore parameters) {
        RunningStatistics.update(parameters, statistics, arrays, batch);
    }
}
