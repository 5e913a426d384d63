package org.vit4j.bench;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.OpTime;
import org.vit4j.data.Batch;

/** One way to run a network. All contenders of a benchmark run the same one, each with weights of its own. */
public interface Subject extends AutoCloseable {

    /** The loss of a training batch: what a step does before its backward pass. */
    double forward(Batch batch);

    /** The loss, and the gradient by every trained weight, which {@link #update} then takes. */
    double gradient(Batch batch);

    /** The optimizer's step. */
    void update();

    /** [B, H, W, C] -> [B, K] */
    INDArray infer(INDArray images);

    /** Where so many training steps spend their time by kind of op, the dearest first; empty where nobody can tell. */
    List<OpTime> profileTraining(Batch batch, int runs);

    /** The same of inference. */
    List<OpTime> profileInference(INDArray images, int runs);

    @Override
    void close();
}
