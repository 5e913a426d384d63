package org.vit4j.train;

import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.ParameterStore;
import org.vit4j.data.BatchShard;
import org.vit4j.data.DataLoader;
import org.vit4j.data.Dataset;
import org.vit4j.data.MixedBatch;
import org.vit4j.graph.Graph;
import org.vit4j.metrics.Evaluator;

/**
 * Works out gradients by parts of batches for a trainer in another process. What it answers depends on what it is asked
 * alone, so any worker can answer anything again. For one thread.
 */
public final class GradientWorker implements AutoCloseable {
    private final TrainConfig train;
    private final ParameterStore parameters;
    private final LossGradient slope;
    private final DataLoader training;
    private final BatchInputs feed;
    private final Optional<TeacherModel> teacher;
    private DataLoader.ExampleOrder examples;

    /** @param images what is trained on; in each worker the same, in the same order */
    public GradientWorker(RunConfig config, Dataset images) {
        this.train = config.train();
        this.training = TrainData.training(config, images);
        Graph graph = config.model().build();
        this.parameters = new ParameterStore(graph.parameters(), Nd4j.dataType());
        this.slope = new LossGradient(train, graph, parameters);
        this.teacher = train.distill()
                .map(distill -> TeacherModel.load(
                        distill.teacher(),
                        config.name(),
                        images.classes(),
                        config.data().preprocess()));
        this.feed = new BatchInputs(
                train, graph, images.classes().size(), teacher, slope.step().masks());
        this.examples = training.examples(0);
    }

    /**
     * The gradient by this part of each batch. Where batches are too small to be divided, a part may be empty.
     *
     * @param trained all weights that train, flat
     * @param kept all that do not
     * @param part from 0
     * @throws org.vit4j.config.ConfigError when an image cannot be read
     */
    public GradientShard compute(float[] trained, float[] kept, GradientRequest work, int part, int parts) {
        assign(parameters.trainable(), trained);
        assign(parameters.buffers(), kept);
        if (slope.headAlone() && work.epoch() >= train.headEpochs()) slope.join();
        if (examples.epoch() != work.epoch()) examples = training.examples(work.epoch());
        int count = work.count();
        GradientShard answer = new GradientShard(
                new float[trained.length], new float[kept.length], new double[count], new long[count], new int[count]);
        long whole = 0;
        long own = 0;
        for (int i = 0; i < count; i++) {
            int size = examples.size(work.first() + i);
            BatchShard some = BatchShard.of(size, part, parts);
            if (some.size() > 0) learn(work.epoch(), work.first() + i, some, answer, i);
            whole += size;
            own += some.size();
        }
        moved(kept, (double) own / whole, answer.buffers());
        return answer;
    }

    private void learn(int epoch, int batch, BatchShard part, GradientShard answer, int i) {
        long draw = (long) epoch * training.batchesPerEpoch() + batch;
        MixedBatch mixed = train.mix(examples.batch(batch, part), part, epoch, draw);
        Map<String, INDArray> inputs = feed.inputs(mixed, part, draw);
        GradientStep step = slope.step();
        step.run(inputs);
        step.updateStatistics();
        float share = (float) part.size() / part.batchSize();
        float[] gradient = step.flatGradient().data().asFloat();
        float[] sum = answer.gradient();
        for (int k = 0; k < sum.length; k++) sum[k] += share * gradient[k];
        answer.losses()[i] = step.loss() * part.size() / part.batchSize();
        answer.correct()[i] = Evaluator.correct(step.tensor(slope.logits()), mixed.dominant());
        answer.images()[i] = part.size();
        inputs.values().forEach(INDArray::close); // off the heap, where no garbage collector counts
    }

    /** What does not move, such as a table of sinusoids, stays exactly as it is. */
    private void moved(float[] before, double share, float[] by) {
        float[] after = parameters.buffers().data().asFloat();
        for (int k = 0; k < by.length; k++) by[k] = (float) (share * (after[k] - before[k]));
    }

    private static void assign(INDArray to, float[] values) {
        try (INDArray from = Nd4j.createFromArray(values)) {
            to.assign(from);
        }
    }

    @Override
    public void close() {
        slope.close();
        teacher.ifPresent(TeacherModel::close);
    }
}
