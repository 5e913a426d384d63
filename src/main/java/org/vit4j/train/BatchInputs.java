package org.vit4j.train;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.DropMask;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchShard;
import org.vit4j.data.MixedBatch;
import org.vit4j.graph.Graph;

/** Inputs of the training graph for a batch: images, targets, teacher logits and dropout masks. */
final class BatchInputs {
    private final TrainConfig train;
    private final int classes;
    private final Optional<TeacherModel> teacher;
    private final List<DropMask> masks;
    private final String images;

    BatchInputs(TrainConfig train, Graph graph, int classes, Optional<TeacherModel> teacher, List<DropMask> masks) {
        this.train = train;
        this.classes = classes;
        this.teacher = teacher;
        this.masks = masks;
        this.images = graph.tensors().iterator().next().name();
    }

    /** @param draw number of the batch since the start; seeds the random masks together with the seed of the run */
    Map<String, INDArray> inputs(MixedBatch mixed, long draw) {
        return inputs(mixed, BatchShard.all(mixed.size()), draw);
    }

    /** Inputs for a shard of a batch. */
    Map<String, INDArray> inputs(MixedBatch mixed, BatchShard shard, long draw) {
        Batch batch = mixed.batch();
        Map<String, INDArray> inputs = new HashMap<>();
        INDArray pixels = batch.array();
        inputs.put(images, pixels);
        teacher.ifPresent(t -> inputs.put(TrainingLoss.TEACHER, t.logits(pixels)));
        inputs.put(TrainingLoss.TARGETS, train.loss().targets(mixed, classes));
        DropoutMasks.draw(masks, train.seed(), draw, shard, inputs);
        return inputs;
    }
}
