package org.vit4j.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.data.MixedBatch;
import org.vit4j.metrics.Evaluator;

/** An epoch's batches, whose gradients come to the learner: worked out here, or by workers. */
interface GradientSource extends AutoCloseable {
    /** What became of a batch. */
    record BatchResult(double loss, long correct, int images) {}

    /** Loss or gradient is no number; says where. Nothing can be learned afterwards. */
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
     * The next batch, or several, gathered in the learner.
     *
     * @param batch the number of the next one in the epoch
     * @param left until the next optimizer step, at least 1
     */
    List<BatchResult> next(int batch, int left);

    @Override
    void close();

    /** In this process. */
    static GradientSource local(
            TrainConfig train, TrainStep learner, BatchInputs feed, BatchSource training, int epoch, int skip) {
        BatchIterator batches = training.epoch(epoch, skip);
        int perEpoch = training.batchesPerEpoch();
        return new GradientSource() {
            @Override
            public List<BatchResult> next(int batch, int left) {
                long draw = (long) epoch * perEpoch + batch;
                MixedBatch mixed = train.mix(batches.next(), epoch, draw);
                Map<String, INDArray> inputs = feed.inputs(mixed, draw);
                double loss = learner.forwardBackward(inputs);
                if (!learner.isFinite()) throw new NonFiniteException(loss, learner.locateNonFinite(inputs));
                long hits = Evaluator.correct(learner.lastLogits(), mixed.dominant());
                learner.accumulate(left == 1);
                inputs.values().forEach(INDArray::close); // off the heap, where no garbage collector counts
                return List.of(new BatchResult(loss, hits, mixed.size()));
            }

            @Override
            public void close() {
                batches.close();
            }
        };
    }

    /** By workers; {@code again} works a batch out here, to see where it went wrong. */
    static GradientSource distributed(
            TrainConfig train, TrainStep learner, GradientWorkers workers, int epoch, NonFiniteRerun again) {
        return new GradientSource() {
            @Override
            public List<BatchResult> next(int batch, int left) {
                int count = Math.min(left, train.syncEvery());
                var parameters = learner.parameters();
                GradientShard answer = workers.compute(
                        parameters.trainable().data().asFloat(),
                        parameters.buffers().data().asFloat(),
                        new GradientRequest(epoch, batch, count));
                BatchResult[] learned = new BatchResult[count];
                Optional<Double> bad = Optional.empty();
                for (int i = 0; i < count; i++) {
                    learned[i] = new BatchResult(answer.losses()[i], answer.correct()[i], answer.images()[i]);
                    if (bad.isEmpty() && !Double.isFinite(answer.losses()[i])) bad = Optional.of(answer.losses()[i]);
                }
                if (bad.isPresent() || !learner.accumulateRemote(answer, left == count)) {
                    throw new NonFiniteException(bad.orElse(answer.losses()[count - 1]), again.where(batch, count));
                }
                return List.of(learned);
            }

            @Override
            public void close() {}
        };
    }

    /** Works some batches out here. */
    interface NonFiniteRerun {
        String where(int batch, int count);
    }
}
