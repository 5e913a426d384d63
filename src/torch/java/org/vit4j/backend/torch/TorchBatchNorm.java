package org.vit4j.backend.torch;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Tensor;

/** Batch normalization by the statistics of the batch, which stay on the device until {@link #close}. */
final class TorchBatchNorm implements AutoCloseable {
    /**
     * Statistics of a batch norm, and the names of its running statistics.
     *
     * @param variance unbiased; null if there is one value only
     */
    private record BatchMoments(
            String meanBuffer, String varianceBuffer, TorchValue mean, TorchValue variance, double momentum) {}

    private final TorchDevice device;
    private final long batch;
    private final List<BatchMoments> moments = new ArrayList<>();
    private final TorchMemory memory = new TorchMemory();

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
        TorchValue mean = zeros(channels);
        TorchValue variance = zeros(channels);
        TorchValue y = x.batchNorm(weights.get(0), weights.get(1), mean, variance, op.epsilon());
        long count = batch * (t.shape().size() / channels);
        moments.add(new BatchMoments(
                t.parameters().get(2).name(),
                t.parameters().get(3).name(),
                mean,
                count > 1 ? variance : null, // one value has no unbiased variance: libtorch divides by 0
                op.momentum()));
        return y;
    }

    private TorchValue zeros(long channels) {
        return new TorchValue(memory.keep(device.tensor(TorchArrays.zeros(channels))));
    }

    /** Updates the running statistics by those of the batch, as PyTorch does: with the unbiased variance. */
    void update(TorchParameters parameters) {
        try (PointerScope scope = TorchArrays.scope()) {
            for (BatchMoments norm : moments) {
                update(parameters.leaf(norm.meanBuffer), norm.mean, norm.momentum);
                update(parameters.leaf(norm.varianceBuffer), norm.variance, norm.momentum);
            }
        }
    }

    private static void update(TorchValue running, TorchValue batch, double momentum) {
        running.tensor().mul_(new Scalar(1 - momentum));
        if (batch != null) running.tensor().add_(batch.tensor(), new Scalar(momentum));
    }

    @Override
    public void close() {
        moments.clear();
        memory.close();
    }
}
