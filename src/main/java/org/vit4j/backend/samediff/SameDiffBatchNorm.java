package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Batch normalization by the statistics of the batch or by running statistics. */
final class SameDiffBatchNorm {
    private final SameDiff sd;
    private final SameDiffLayers layers;
    private final boolean batchStatistics;
    private final List<BatchStatistics> statistics = new ArrayList<>();

    /** @param batchStatistics true to normalize by the statistics of the batch, false by the running statistics */
    SameDiffBatchNorm(SameDiff sd, SameDiffLayers layers, boolean batchStatistics) {
        this.sd = sd;
        this.layers = layers;
        this.batchStatistics = batchStatistics;
    }

    /** Statistics of the layers built so far, if they use those of the batch. */
    List<BatchStatistics> statistics() {
        return statistics;
    }

    /** @param weights gamma, beta, running mean and running variance */
    LoweredTensor build(Tensor t, LoweredTensor x, List<SDVariable> weights, NormOp.BatchNorm norm) {
        int last = t.shape().rank() - 1;
        if (norm.axis() == last) {
            return LoweredTensor.rows(sd, t.shape(), normalizeRows(t, x.rows(), x.rowCount(), weights, norm));
        }
        // Move the channel axis to the end, and back.
        int[] axes = swapAxes(last + 2, norm.axis() + 1, last + 1);
        long width = t.dim(norm.axis());
        SDVariable rows = sd.reshape(sd.permute(x.tensor(), axes), -1, width);
        Shape transposed = t.shape().with(norm.axis(), t.shape().last()).with(last, (int) width);
        SDVariable y = normalizeRows(t, rows, t.shape().size() / width, weights, norm);
        return LoweredTensor.tensor(sd, t.shape(), sd.permute(sd.reshape(y, transposed.batched(-1)), axes));
    }

    private SDVariable normalizeRows(
            Tensor t, SDVariable rows, long count, List<SDVariable> weights, NormOp.BatchNorm norm) {
        long width = t.dim(norm.axis());
        SDVariable gamma = weights.get(0), beta = weights.get(1);
        if (!batchStatistics) {
            return layers.affine(rows, width, count, gamma, beta, weights.get(2), weights.get(3), norm.epsilon());
        }
        SameDiffLayers.NormalizedRows y = layers.batchNorm(rows, width, count, gamma, beta, norm.epsilon());
        statistics.add(new BatchStatistics(
                t.parameters().get(2).name(),
                t.parameters().get(3).name(),
                y.mean().name(),
                y.variance().name(),
                count,
                norm.momentum()));
        return y.output();
    }

    private static int[] swapAxes(int rank, int a, int b) {
        int[] axes = IntStream.range(0, rank).toArray();
        axes[a] = b;
        axes[b] = a;
        return axes;
    }
}
