package org.vit4j.train;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.MixedBatch;

/** Classification loss on the logits. {@link LossConfig} has the built-in ones. */
@FunctionalInterface
public interface Loss {
    /** Softmax cross entropy; {@code labelSmoothing} is the fraction of a label that is spread over all classes. */
    static Loss crossEntropy(double labelSmoothing) {
        return LossConfig.crossEntropy(labelSmoothing);
    }

    /**
     * Builds the scalar to minimize, composed of basic ops: ND4J's own loss ops ignore the incoming gradient.
     *
     * @param logits [B, K]
     * @param targets result of {@link #targets}, [B, K]
     * @param classes K
     */
    SDVariable loss(SameDiff sd, SDVariable logits, SDVariable targets, int classes);

    /**
     * Targets of images with several labels.
     *
     * @param multiHot [B, K], 1 for each label, those of mixed images weighted; may be changed and returned
     */
    default INDArray multiTargets(INDArray multiHot) {
        return multiHot;
    }

    /** Target probabilities of a batch, [B, K]: one-hot labels, those of mixed images weighted. The caller closes the array. */
    default INDArray targets(MixedBatch mixed, int classes) {
        return SoftTargets.mixed(mixed, classes, 0);
    }
}
