package org.vit4j.train;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Losses, composed: ND4J's own loss ops drop the gradient that comes from above, so a factor on them is lost silently.
 */
public final class LossFunctions {
    private LossFunctions() {}

    /**
     * Mean over the batch of the cross entropy with soft targets; label smoothing, mixup and cutmix live in the targets.
     *
     * @param logits [B, K]
     * @param targets [B, K], rows sum to 1
     */
    public static SDVariable crossEntropy(SameDiff sd, SDVariable logits, SDVariable targets) {
        return targets.mul(logSoftmax(sd, logits)).sum(1).mean().neg();
    }

    /**
     * Mean over the batch and the classes of the binary cross entropy, log(1 + e^x) - x t for every logit x.
     *
     * @param logits [B, K]
     * @param targets [B, K], each 0..1
     */
    public static SDVariable binaryCrossEntropy(SameDiff sd, SDVariable logits, SDVariable targets) {
        // Any m gives log(1 + e^x) = m + log(e^(x - m) + e^-m), and nothing of its gradient is m's: so it is right also
        // where x is exactly 0, as all logits of a fresh head are, and max(x, 0) has a kink.
        SDVariable m = sd.nn().relu(logits, 0);
        SDVariable rest = sd.math().exp(logits.sub(m)).add(sd.math().exp(m.neg()));
        return m.add(sd.math().log(rest)).sub(logits.mul(targets)).mean();
    }

    /** [B, K] -> [B, K]. ND4J's takes the logarithm of the softmax, which is -Infinity 104 below the largest logit. */
    static SDVariable logSoftmax(SameDiff sd, SDVariable logits) {
        SDVariable below = logits.sub(logits.max(true, 1)); // of the maximum's gradient nothing is left
        return below.sub(sd.math().log(sd.math().exp(below).sum(true, 1)));
    }
}
