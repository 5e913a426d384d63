package org.vit4j.train;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Loss functions composed of basic ops. ND4J's own loss ops ignore the incoming gradient, so a factor applied to their
 * result has no effect on the gradients.
 */
public final class LossFunctions {
    private LossFunctions() {}

    /**
     * Cross entropy with soft targets, averaged over the batch; label smoothing, mixup and cutmix are part of the
     * targets.
     *
     * @param logits [B, K]
     * @param targets [B, K], rows sum to 1
     */
    public static SDVariable crossEntropy(SameDiff sd, SDVariable logits, SDVariable targets) {
        return targets.mul(logSoftmax(sd, logits)).sum(1).mean().neg();
    }

    /**
     * Binary cross entropy, averaged over the batch and the classes.
     *
     * @param logits [B, K]
     * @param targets [B, K], each 0..1
     */
    public static SDVariable binaryCrossEntropy(SameDiff sd, SDVariable logits, SDVariable targets) {
        return binaryCrossEntropies(sd, logits, targets).mean();
    }

    /** Binary cross entropy of each logit x, log(1 + e^x) - x t, [B, K]. */
    static SDVariable binaryCrossEntropies(SameDiff sd, SDVariable logits, SDVariable targets) {
        // log(1 + e^x) = m + log(e^(x - m) + e^-m) holds for any m, and its gradient does not depend on m. So the
        // gradient is correct also at x = 0, where max(x, 0) is not differentiable and where all logits of a new head
        // are.
        SDVariable m = sd.nn().relu(logits, 0);
        SDVariable sum = sd.math().exp(logits.sub(m)).add(sd.math().exp(m.neg()));
        return m.add(sd.math().log(sum)).sub(logits.mul(targets));
    }

    /**
     * Log-softmax, [B, K] -> [B, K]. ND4J's op takes the logarithm of the softmax, -Infinity 104 below the largest
     * logit.
     */
    static SDVariable logSoftmax(SameDiff sd, SDVariable logits) {
        SDVariable shifted = logits.sub(logits.max(true, 1)); // the gradient of the maximum cancels
        return shifted.sub(sd.math().log(sd.math().exp(shifted).sum(true, 1)));
    }
}
