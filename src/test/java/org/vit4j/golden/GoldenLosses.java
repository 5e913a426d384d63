package org.vit4j.golden;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.graph.Tensor;
import org.vit4j.samediff.Lowered;
import org.vit4j.train.Losses;
import org.vit4j.train.Targets;

/** The losses of the goldens, over numbers of the golden. */
final class GoldenLosses {
    private GoldenLosses() {}

    /** Mean cross entropy of {@code logits} with {@code labels}. */
    static SDVariable crossEntropy(Lowered lowered, GoldenCase golden) {
        SDVariable logits = lowered.output("logits");
        return Losses.crossEntropy(lowered.sd(), logits, labels(lowered, golden));
    }

    /** One-hot rows of the golden's labels. */
    static SDVariable labels(Lowered lowered, GoldenCase golden) {
        float[] given = golden.io().get("labels").values();
        int[] labels = new int[given.length];
        for (int i = 0; i < labels.length; i++) labels[i] = (int) given[i];
        int classes =
                lowered.graph().outputs().values().iterator().next().shape().last();
        return lowered.sd().constant(Targets.smoothed(labels, classes, 0));
    }

    /** Sum over the outputs of output times probe. */
    static SDVariable probed(Lowered lowered, GoldenCase golden) {
        SDVariable sum = null;
        for (var output : lowered.graph().outputs().entrySet()) {
            String name = golden.io().containsKey("probe") ? "probe" : "probe/" + output.getKey();
            Tensor tensor = output.getValue();
            SDVariable value = lowered.variable(tensor.name());
            INDArray probe = golden.ours(name, tensor.shape());
            // The lowering may have the rows of all examples below each other.
            SDVariable whole = lowered.sd().reshape(value, tensor.shape().batched(-1));
            SDVariable term = whole.mul(lowered.sd().constant(probe)).sum();
            sum = sum == null ? term : sum.add(term);
        }
        return sum;
    }
}
