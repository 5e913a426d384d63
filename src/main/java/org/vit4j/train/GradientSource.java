package org.vit4j.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.data.MixedBatch;

/** Accumulates the gradients of an epoch's batches in a {@link TrainStep}; computed in this process or by workers. */
interface GradientSource extends AutoCloseable {
    /** Loss, correct predictions and images of a batch. */
    record BatchResult(double loss, long correct, int images) {}

    /** Loss or gradient is NaN or infinite; the message names the place. The step cannot be used afterwards. */
    final class NonFiniteException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final double loss;

        NonFiniteException(double loss, String where) {
            super(where);
            this.loss = loss;
        }

        double loss() {
            return loss;
        }
    }

    /**
     * Accumulates the gradient of the next batch, or of several.
     *
     * @param batch number of the next batch in the epoch
     * @param left number of batches until the next optimizer step, at least 1
     */
    List<BatchResult> next(int batch, int left);

    @Override
    void close();

    /** Computes gradients in this process. */
    static GradientSource local(
            TrainConfig train,
            TrainStep trainStep,
            BatchInputs batchInputs,
            BatchSource training,
            int epoch,
            int skip) {
        BatchIterator batches = training.epoch(epoch, skip);
        int perEpoch = training.batchesPerEpoch();
        return new GradientSource() {
            private float[] mixedImages = {};

            @Override
            public List<BatchResult> next(int batch, int left) {
                long draw = (long) epoch * perEpoch + batch;
                if (Thread.currentThread().isInterrupted())
                    throw new CancellationException("interrupted before batch " + batch + " of epoch " + epoch);
                if (!batches.hasNext())
                    throw new IllegalStateException("the source of training batches has " + perEpoch
                            + " batches per epoch, but ended after " + batch);
                Batch loaded = batches.next();
                MixedBatch mixed = train.mix(loaded, epoch, draw, mixedImages);
                if (mixed.batch() != loaded) mixedImages = mixed.batch().images();
                Map<String, INDArray> inputs = batchInputs.inputs(mixed, draw); // a copy
                batches.release(loaded);
                double loss = trainStep.forwardBackward(inputs);
                if (!trainStep.isFinite()) throw new NonFiniteException(loss, trainStep.locateNonFinite(inputs));
                long correct = batchInputs.correct(trainStep.lastLogits(), mixed);
                trainStep.accumulate(left == 1);
                inputs.values().forEach(INDArray::close); // off-heap memory, which the garbage collector does not count
                return List.of(new BatchResult(loss, correct, mixed.size()));
            }

            @Override
            public void close() {
                batches.close();
            }
        };
    }

    /**
     * Computes gradients by workers; {@code rerun} repeats batches in this process to locate NaN or infinite values.
     */
    static GradientSource distributed(
            TrainConfig train, TrainStep trainStep, GradientWorkers workers, int epoch, NonFiniteRerun rerun) {
        return new GradientSource() {
            @Override
            public List<BatchResult> next(int batch, int left) {
                int count = Math.min(left, train.syncEvery());
                trainStep.download();
                var parameters = trainStep.parameters();
                GradientShard shard = workers.compute(
                        parameters.trainable().data().asFloat(),
                        parameters.buffers().data().asFloat(),
                        new GradientRequest(epoch, batch, count));
                BatchResult[] results = new BatchResult[count];
                Optional<Double> nonFinite = Optional.empty();
                for (int i = 0; i < count; i++) {
                    results[i] = new BatchResult(shard.losses()[i], shard.correct()[i], shard.images()[i]);
                    if (nonFinite.isEmpty() && !Double.isFinite(shard.losses()[i]))
                        nonFinite = Optional.of(shard.losses()[i]);
                }
                if (nonFinite.isPresent() || !trainStep.accumulateRemote(shard, left == count)) {
                    throw new NonFiniteException(
                            nonFinite.orElse(shard.losses()[count - 1]), rerun.locate(batch, count));
                }
                return List.of(results);
            }

            @Override
            public void close() {}
        };
    }

    /** Repeats batches in this process and describes where NaN or infinite values first occur. */
    interface NonFiniteRerun {
        String locate(int batch, int count);
    }
}
