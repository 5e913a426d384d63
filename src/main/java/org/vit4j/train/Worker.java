package org.vit4j.train;

import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.data.Batches;
import org.vit4j.data.Dataset;
import org.vit4j.data.Mixed;
import org.vit4j.data.Part;
import org.vit4j.eval.Evaluator;
import org.vit4j.graph.Graph;
import org.vit4j.samediff.GradientStep;
import org.vit4j.samediff.Parameters;

/**
 * Works out gradients by parts of batches for a trainer in another process. What it answers depends on what it is asked
 * alone, so any worker can answer anything again. For one thread.
 */
public final class Worker implements AutoCloseable {
    private final TrainConfig train;
    private final Parameters parameters;
    private final Slope slope;
    private final Batches training;
    private final Feed feed;
    private final Optional<Teacher> teacher;
    private Batches.Examples examples;

    /** @param images what is trained on; in each worker the same, in the same order */
    public Worker(RunConfig config, Dataset images) {
        this.train = config.train();
        this.training = TrainData.training(config, images);
        Graph graph = config.model().build();
        this.parameters = new Parameters(graph.weights(), Nd4j.dataType());
        this.slope = new Slope(train, graph, parameters);
        this.teacher = train.distill()
                .map(distill -> Teacher.load(
                        distill.teacher(),
                        config.name(),
                        images.classes(),
                        config.data().preprocess()));
        this.feed = new Feed(
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
    public Answer answer(float[] trained, float[] kept, Work work, int part, int parts) {
        assign(parameters.trained(), trained);
        assign(parameters.kept(), kept);
        if (slope.headAlone() && work.epoch() >= train.headEpochs()) slope.join();
        if (examples.epoch() != work.epoch()) examples = training.examples(work.epoch());
        int count = work.count();
        Answer answer = new Answer(
                new float[trained.length], new float[kept.length], new double[count], new long[count], new int[count]);
        long whole = 0;
        long own = 0;
        for (int i = 0; i < count; i++) {
            int size = examples.size(work.first() + i);
            Part some = Part.of(size, part, parts);
            if (some.size() > 0) learn(work.epoch(), work.first() + i, some, answer, i);
            whole += size;
            own += some.size();
        }
        moved(kept, (double) own / whole, answer.kept());
        return answer;
    }

    private void learn(int epoch, int batch, Part part, Answer answer, int i) {
        long draw = (long) epoch * training.batchesPerEpoch() + batch;
        Mixed mixed = train.mix(examples.batch(batch, part), part, epoch, draw);
        Map<String, INDArray> inputs = feed.inputs(mixed, part, draw);
        GradientStep step = slope.step();
        step.run(inputs);
        step.updateStatistics();
        float share = (float) part.size() / part.whole();
        float[] gradient = step.flat().data().asFloat();
        float[] sum = answer.gradient();
        for (int k = 0; k < sum.length; k++) sum[k] += share * gradient[k];
        answer.losses()[i] = step.loss() * part.size() / part.whole();
        answer.hits()[i] = Evaluator.hits(step.tensor(slope.logits()), mixed.dominant());
        answer.images()[i] = part.size();
        inputs.values().forEach(INDArray::close); // off the heap, where no garbage collector counts
    }

    /** What does not move, such as a table of sinusoids, stays exactly as it is. */
    private void moved(float[] before, double share, float[] by) {
        float[] after = parameters.kept().data().asFloat();
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
        teacher.ifPresent(Teacher::close);
    }
}
