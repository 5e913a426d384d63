package org.vit4j.train;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Losses, composed: ND4J's own loss ops drop the gradient that comes from above, so a factor on them is lost silently.
 */
public final class Losses {
    private Losses() {}

    /**
     * Mean over the batch of the cross entropy with soft targets; label smoothing, mixup and cutmix live in the targets.
     *
     * @param logits [B, K]
     * @param targets [B, K], rows sum to 1
     */
    public static SDVariable crossEntropy(SameDiff sd, SDVariable logits, SDVariable targets) {
        return targets.mul(sd.nn().logSoftmax(logits)).sum(1).mean().neg();
    }
}
