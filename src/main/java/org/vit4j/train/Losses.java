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

    /**
     * Mean over the batch and the classes of the binary cross entropy: a cross entropy of two classes, x and 0, for every
     * logit x. So it is stable, and right where a logit is exactly 0, as those of a fresh head are.
     *
     * @param logits [B, K]
     * @param targets [B, K], each 0..1
     */
    public static SDVariable binaryCrossEntropy(SameDiff sd, SDVariable logits, SDVariable targets) {
        SDVariable x = sd.reshape(logits, -1, 1); // [B K, 1]
        SDVariable yes = sd.reshape(targets, -1, 1); // [B K, 1]
        SDVariable no = yes.neg().add(1.0);
        SDVariable logs = sd.nn().logSoftmax(sd.concat(1, x, x.mul(0.0))); // [B K, 2]
        return sd.concat(1, yes, no).mul(logs).sum(1).mean().neg();
    }
}
