package org.vit4j.train;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchShard;
import org.vit4j.data.MixedBatch;
import org.vit4j.graph.Graph;

/** What a batch is to the network and its loss: pictures, targets, what the teacher says, masks. */
final class BatchInputs {
    private final TrainConfig train;
    private final int classes;
    private final Optional<TeacherModel> teacher;
    private final List<SameDiffGraph.DropMask> masks;
    private final String images;

    BatchInputs(
            TrainConfig train,
            Graph graph,
            int classes,
            Optional<TeacherModel> teacher,
            List<SameDiffGraph.DropMask> masks) {
        this.train = train;
        this.classes = classes;
        this.teacher = teacher;
        this.masks = masks;
        this.images = graph.tensors().iterator().next().name();
    }

    /** @param draw the number of the batch since the start: what is random follows from it and the seed */
    Map<String, INDArray> inputs(MixedBatch mixed, long draw) {
        return inputs(mixed, BatchShard.all(mixed.size()), draw);
    }

    /** The same for part of a batch. */
    Map<String, INDArray> inputs(MixedBatch mixed, BatchShard part, long draw) {
        Batch batch = mixed.batch();
        Map<String, INDArray> inputs = new HashMap<>();
        INDArray pixels = batch.array();
        inputs.put(images, pixels);
        teacher.ifPresent(t -> inputs.put(TrainingLoss.TEACHER, t.logits(pixels)));
        inputs.put(TrainingLoss.TARGETS, train.loss().targets(mixed, classes));
        DropoutMasks.draw(masks, train.seed(), draw, part, inputs);
        return inputs;
    }
}
