package org.vit4j.train;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.Batch;
import org.vit4j.data.Mixed;
import org.vit4j.data.Part;
import org.vit4j.graph.Graph;
import org.vit4j.samediff.Lowered;

/** What a batch is to the network and its loss: pictures, targets, what the teacher says, masks. */
final class Feed {
    private final TrainConfig train;
    private final int classes;
    private final Optional<Teacher> teacher;
    private final List<Lowered.Mask> masks;
    private final String images;

    Feed(TrainConfig train, Graph graph, int classes, Optional<Teacher> teacher, List<Lowered.Mask> masks) {
        this.train = train;
        this.classes = classes;
        this.teacher = teacher;
        this.masks = masks;
        this.images = graph.tensors().iterator().next().name();
    }

    /** @param draw the number of the batch since the start: what is random follows from it and the seed */
    Map<String, INDArray> inputs(Mixed mixed, long draw) {
        return inputs(mixed, Part.all(mixed.size()), draw);
    }

    /** The same for part of a batch. */
    Map<String, INDArray> inputs(Mixed mixed, Part part, long draw) {
        Batch batch = mixed.batch();
        Map<String, INDArray> inputs = new HashMap<>();
        INDArray pixels = batch.array();
        inputs.put(images, pixels);
        teacher.ifPresent(t -> inputs.put(Objective.TEACHER, t.logits(pixels)));
        inputs.put(Objective.TARGETS, train.loss().targets(mixed, classes));
        Masks.draw(masks, train.seed(), draw, part, inputs);
        return inputs;
    }
}
