package org.vit4j.train;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.DropMask;
import org.vit4j.config.Checks;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchShard;
import org.vit4j.data.MixedBatch;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Shape;
import org.vit4j.metrics.Evaluator;

/** Inputs of the training graph for a batch: images, targets, teacher logits and dropout masks. */
final class BatchInputs {
    private final TrainConfig train;
    private final int classes;
    private final Optional<TeacherModel> teacher;
    private final List<DropMask> masks;
    private final Optional<IntFunction<int[]>> labels;
    private final String images;
    private final Shape image;

    /** @param labels all labels of an image by its index, if images have several */
    BatchInputs(
            TrainConfig train,
            Graph graph,
            int classes,
            Optional<TeacherModel> teacher,
            List<DropMask> masks,
            Optional<IntFunction<int[]>> labels) {
        this.labels = labels;
        this.train = train;
        this.classes = classes;
        this.teacher = teacher;
        this.masks = masks;
        this.images = graph.input().name();
        this.image = graph.input().shape();
    }

    /** @param draw number of the batch since the start; seeds the random masks together with the seed of the run */
    Map<String, INDArray> inputs(MixedBatch mixed, long draw) {
        return inputs(mixed, BatchShard.all(mixed.size()), draw);
    }

    /** Inputs for a shard of a batch. */
    Map<String, INDArray> inputs(MixedBatch mixed, BatchShard shard, long draw) {
        Batch batch = mixed.batch();
        Shape got = Shape.of(batch.height(), batch.width(), batch.channels());
        Checks.require(got.equals(image), "batch of images [H, W, C] of %s, expected %s", got, image);
        Map<String, INDArray> inputs = new HashMap<>();
        INDArray pixels = batch.byteArray(); // of floats, unless the backend normalizes bytes
        inputs.put(images, pixels);
        teacher.ifPresent(t -> inputs.put(TrainingLoss.TEACHER, t.logits(pixels)));
        inputs.put(TrainingLoss.TARGETS, targets(mixed));
        DropoutMasks.draw(masks, train.seed(), draw, shard, inputs);
        return inputs;
    }

    private INDArray targets(MixedBatch mixed) {
        return labels.map(of -> train.loss().multiTargets(SoftTargets.multiHot(mixed, of, classes)))
                .orElseGet(() -> {
                    mixed.batch().labels(classes); // checked
                    return train.loss().targets(mixed, classes);
                });
    }

    /** Counts the images whose largest logit is that of a label of the image, or of its partner if that one dominates. */
    long correct(INDArray logits, MixedBatch mixed) {
        if (labels.isEmpty()) return Evaluator.correct(logits, mixed.dominant());
        int[] predicted = logits.argMax(1).toIntVector();
        int[] indices = mixed.batch().indices();
        long correct = 0;
        for (int i = 0; i < predicted.length; i++) {
            int label = predicted[i];
            int dominant = indices[mixed.dominantOf(i)];
            if (IntStream.of(labels.get().apply(dominant)).anyMatch(own -> own == label)) correct++;
        }
        return correct;
    }
}
