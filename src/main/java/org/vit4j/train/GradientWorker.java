package org.vit4j.train;

import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.ParameterStore;
import org.vit4j.data.BatchShard;
import org.vit4j.data.DataLoader;
import org.vit4j.data.MixedBatch;
import org.vit4j.graph.Graph;
import org.vit4j.models.Model;

/**
 * Computes gradients of batch shards for a trainer in another process. Stateless: the result depends only on the
 * request, so any worker can retry it. Not thread-safe.
 */
public final class GradientWorker implements AutoCloseable {
    private final TrainConfig train;
    private final DeviceParameters parameters;
    private final LossGradient lossGradient;
    private final DataLoader training;
    private final BatchInputs batchInputs;
    private final Optional<TeacherModel> teacher;
    private DataLoader.ExampleOrder examples;

    /**
     * @param training training batches; each worker must have the same images in the same order
     * @param classes number of classes
     */
    public GradientWorker(
            TrainConfig train, Model model, DataLoader training, int classes, Optional<TeacherModel> teacher) {
        this.train = train;
        this.training = training;
        Graph graph = model.graph();
        this.parameters = train.backend().parameters(new ParameterStore(graph.parameters(), Nd4j.dataType()));
        this.lossGradient = new LossGradient(train, graph, parameters);
        this.teacher = teacher;
        this.batchInputs = new BatchInputs(
                train, graph, classes, teacher, lossGradient.step().masks(), training.labelLists());
        this.examples = training.examples(0);
    }

    /**
     * Computes the gradient of one shard of each batch. If a batch has fewer images than there are shards, a shard may
     * be empty.
     *
     * @param trainable all trainable parameters, flat
     * @param buffers all other parameters, flat
     * @param part index of the shard, from 0
     * @param parts number of shards
     * @throws org.vit4j.config.ConfigError if an image cannot be read
     */
    public GradientShard compute(float[] trainable, float[] buffers, GradientRequest request, int part, int parts) {
        assign(parameters.store().trainable(), trainable);
        assign(parameters.store().buffers(), buffers);
        parameters.upload();
        lossGradient.beginEpoch(request.epoch());
        if (examples.epoch() != request.epoch()) examples = training.examples(request.epoch());
        int count = request.count();
        GradientShard result = new GradientShard(
                new float[trainable.length],
                new float[buffers.length],
                new double[count],
                new long[count],
                new int[count]);
        long images = 0;
        long own = 0;
        for (int i = 0; i < count; i++) {
            int size = examples.size(request.first() + i);
            BatchShard shard = BatchShard.of(size, part, parts);
            if (shard.size() > 0) accumulate(request.epoch(), request.first() + i, shard, result, i);
            images += size;
            own += shard.size();
        }
        computeBufferChange(buffers, (double) own / images, result.buffers());
        return result;
    }

    private void accumulate(int epoch, int batch, BatchShard shard, GradientShard result, int i) {
        long draw = (long) epoch * training.batchesPerEpoch() + batch;
        MixedBatch mixed = train.mix(examples.batch(batch, shard), shard, epoch, draw);
        Map<String, INDArray> inputs = batchInputs.inputs(mixed, shard, draw);
        GradientStep step = lossGradient.step();
        step.run(inputs);
        step.updateStatistics();
        float weight = (float) shard.size() / shard.batchSize();
        float[] gradient = step.flatGradient().data().asFloat();
        float[] sum = result.gradient();
        for (int k = 0; k < sum.length; k++) sum[k] += weight * gradient[k];
        result.losses()[i] = step.loss() * shard.size() / shard.batchSize();
        result.correct()[i] = batchInputs.correct(step.tensor(lossGradient.logits()), mixed);
        result.images()[i] = shard.size();
        inputs.values().forEach(INDArray::close); // off-heap memory, which the garbage collector does not count
    }

    /**
     * Change of the buffers, weighted by the share of images. Constants such as sinusoid tables have a change of
     * exactly 0.
     */
    private void computeBufferChange(float[] before, double share, float[] change) {
        parameters.download();
        float[] after = parameters.store().buffers().data().asFloat();
        for (int k = 0; k < change.length; k++) change[k] = (float) (share * (after[k] - before[k]));
    }

    private static void assign(INDArray to, float[] values) {
        try (INDArray from = Nd4j.createFromArray(values)) {
            to.assign(from);
        }
    }

    @Override
    public void close() {
        lossGradient.close();
        parameters.close();
        teacher.ifPresent(TeacherModel::close);
    }
}
