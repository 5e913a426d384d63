package org.vit4j.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.data.Mixed;
import org.vit4j.eval.Evaluator;

/** An epoch's batches, whose gradients come to the learner: worked out here, or by workers. */
interface Lesson extends AutoCloseable {
    /** What became of a batch. */
    record Learned(double loss, long hits, int images) {}

    /** Loss or gradient is no number; says where. Nothing can be learned afterwards. */
    final class Diverged extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final double loss;

        Diverged(double loss, String where) {
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
    List<Learned> next(int batch, int left);

    @Override
    void close();

    /** In this process. */
    static Lesson here(TrainConfig train, Learner learner, Feed feed, BatchSource training, int epoch, int skip) {
        BatchIterator batches = training.epoch(epoch, skip);
        int perEpoch = training.batchesPerEpoch();
        return new Lesson() {
            @Override
            public List<Learned> next(int batch, int left) {
                long draw = (long) epoch * perEpoch + batch;
                Mixed mixed = train.mix(batches.next(), epoch, draw);
                Map<String, INDArray> inputs = feed.inputs(mixed, draw);
                double loss = learner.learn(inputs);
                if (!learner.isFinite()) throw new Diverged(loss, learner.trouble(inputs));
                long hits = Evaluator.hits(learner.lastLogits(), mixed.dominant());
                learner.gather(left == 1);
                inputs.values().forEach(INDArray::close); // off the heap, where no garbage collector counts
                return List.of(new Learned(loss, hits, mixed.size()));
            }

            @Override
            public void close() {
                batches.close();
            }
        };
    }

    /** By workers; {@code again} works a batch out here, to see where it went wrong. */
    static Lesson shared(TrainConfig train, Learner learner, Workers workers, int epoch, Again again) {
        return new Lesson() {
            @Override
            public List<Learned> next(int batch, int left) {
                int count = Math.min(left, train.syncEvery());
                var parameters = learner.parameters();
                Answer answer = workers.answer(
                        parameters.trained().data().asFloat(),
                        parameters.kept().data().asFloat(),
                        new Work(epoch, batch, count));
                Learned[] learned = new Learned[count];
                Optional<Double> bad = Optional.empty();
                for (int i = 0; i < count; i++) {
                    learned[i] = new Learned(answer.losses()[i], answer.hits()[i], answer.images()[i]);
                    if (bad.isEmpty() && !Double.isFinite(answer.losses()[i])) bad = Optional.of(answer.losses()[i]);
                }
                if (bad.isPresent() || !learner.take(answer, left == count)) {
                    throw new Diverged(bad.orElse(answer.losses()[count - 1]), again.where(batch, count));
                }
                return List.of(learned);
            }

            @Override
            public void close() {}
        };
    }

    /** Works some batches out here. */
    interface Again {
        String where(int batch, int count);
    }
}
