package org.vit4j.bench;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.OpTime;
import org.vit4j.data.Batch;

/** A way to run a network in a benchmark. All subjects run the same network, each with its own weights. */
public interface Subject extends AutoCloseable {

    /** Computes the loss of a training batch: the forward part of a step. */
    double forward(Batch batch);

    /** Computes the loss, and the gradients of all trainable parameters for {@link #update}. */
    double gradient(Batch batch);

    /** Applies an optimizer step. */
    void update();

    /** Computes logits, [B, H, W, C] -> [B][K]. */
    float[][] infer(INDArray images);

    /** Time per kind of op over {@code runs} training steps, largest first; empty if not available. */
    List<OpTime> profileTraining(Batch batch, int runs);

    /** Time per kind of op over {@code runs} inference passes, largest first; empty if not available. */
    List<OpTime> profileInference(INDArray images, int runs);

    @Override
    void close();
}
