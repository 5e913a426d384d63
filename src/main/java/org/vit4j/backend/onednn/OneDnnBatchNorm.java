package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.Mode;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Tensor;

/** Batch normalization: by the statistics of the batch in training, else by the running statistics. */
final class OneDnnBatchNorm {
    private final Tape tape;
    private final NormOps norms;
    private final Mode mode;
    private final long batch;
    private final Map<String, StridedArray> outputs;
    private final List<BatchStatistics> statistics = new ArrayList<>();

    /** @param outputs map to which the batch statistics are added, by the names of the running statistics */
    OneDnnBatchNorm(Tape tape, NormOps norms, Mode mode, long batch, Map<String, StridedArray> outputs) {
        this.tape = tape;
        this.norms = norms;
        this.mode = mode;
        this.batch = batch;
        this.outputs = outputs;
    }

    /** Statistics of the layers built so far, if they use those of the batch. */
    List<BatchStatistics> statistics() {
        return statistics;
    }

    /** @param weights gamma, beta, running mean and running variance */
    TapeValue build(Tensor t, TapeValue input, List<TapeValue> weights, NormOp.BatchNorm norm) {
        TapeValue x = input.array().isCompact() ? input : tape.dense(input);
        int axis = norm.axis() + 1;
        boolean last = axis == x.array().rank() - 1;
        long channels = x.array().dim(axis);
        long before = batch;
        for (int i = 1; i < axis; i++) before *= x.array().dim(i);
        long after = x.array().size() / before / channels;
        // In oneDNN's axis order, [N, C, H, W]; strides keep channels innermost if they are the last axis.
        TapeValue nchw = last
                ? tape.permute(tape.reshape(x, batch, before / batch, 1, channels), 0, 3, 1, 2)
                : tape.reshape(tape.dense(x), before, channels, after, 1);
        TapeValue y;
        if (mode == Mode.TRAINING) {
            String mean = t.parameters().get(2).name();
            String variance = t.parameters().get(3).name();
            outputs.put(mean, StridedArray.temporary(channels));
            outputs.put(variance, StridedArray.temporary(channels));
            long count = t.shape().size() / channels;
            statistics.add(new BatchStatistics(mean, variance, mean, variance, count, norm.momentum()));
            y = norms.batchNorm(
                    nchw, weights.get(0), weights.get(1), outputs.get(mean), outputs.get(variance), norm.epsilon());
        } else {
            NormKernels.NormArguments n = new NormKernels.NormArguments(
                    nchw.array(),
                    weights.get(0).array(),
                    weights.get(1).array(),
                    weights.get(2).array(),
                    weights.get(3).array(),
                    norm.epsilon());
            if (mode == Mode.FINE_TUNING) {
                TapeValue floats = tape.as(ElementType.F32, x);
                TapeValue rows = last
                        ? rows(floats)
                        : rows(tape.permute(tape.reshape(floats, before, channels, after), 0, 2, 1));
                TapeValue affine = norms.frozenBatchNorm(rows, row(weights.get(0)), row(weights.get(1)), n);
                if (last) return tape.reshape(affine, t.shape().batched(batch));
                return tape.reshape(
                        tape.permute(tape.reshape(affine, before, after, channels), 0, 2, 1),
                        t.shape().batched(batch));
            }
            if (last) return norms.fusedBatchNormInference(x, n);
            y = norms.batchNormInference(nchw, n);
        }
        TapeValue back = last ? tape.permute(y.setUsedOnce(true), 0, 2, 3, 1) : y.setUsedOnce(true);
        return tape.reshape(back, t.shape().batched(batch));
    }

    private TapeValue rows(TapeValue x) {
        return tape.reshape(x, x.array().size() / x.array().last(), x.array().last());
    }

    private TapeValue row(TapeValue weight) {
        return tape.reshape(weight, 1, weight.array().size());
    }
}
