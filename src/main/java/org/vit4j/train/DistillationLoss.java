package org.vit4j.train;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Losses of a student with two heads and a teacher (Touvron et al. 2021, arXiv:2012.12877, section 4). All logits are
 * [B, K]; no gradient is wanted by the teacher's.
 *
 * <p>{@code (1 - alpha) own(class head, targets) + alpha L(distillation head, teacher)}, where L is {@link #soft} or
 * {@link #hard}. The two sources differ in one point: over what the soft part is averaged.
 */
public final class DistillationLoss {
    private DistillationLoss() {}

    /**
     * facebookresearch/deit, {@code losses.py} (commit 7e160fe): the soft part is divided by B * K, not by B, so it is
     * K times weaker than the paper's formula.
     *
     * @param own the loss of the class head, a scalar
     * @param hard whether the teacher gives labels (the paper's best, alpha 0.5) or distributions
     * @param temperature of the soft part
     */
    public static SDVariable deit(
            SameDiff sd,
            SDVariable own,
            SDVariable logitsDistill,
            SDVariable teacher,
            boolean hard,
            double alpha,
            double temperature) {
        SDVariable taught = hard
                ? hard(sd, logitsDistill, teacher)
                : divergence(sd, logitsDistill, teacher, temperature).mean();
        return blend(own, taught, alpha);
    }

    /**
     * lucidrains/vit-pytorch, {@code distill.py}: the soft part is divided by B. The hard part is that of 0.20.3 and the
     * paper; 0.20.2 takes the class head for it by mistake, and its distillation head learns nothing.
     */
    public static SDVariable vitPytorch(
            SameDiff sd,
            SDVariable own,
            SDVariable logitsDistill,
            SDVariable teacher,
            boolean hard,
            double alpha,
            double temperature) {
        SDVariable taught = hard ? hard(sd, logitsDistill, teacher) : soft(sd, logitsDistill, teacher, temperature);
        return blend(own, taught, alpha);
    }

    /**
     * {@code T^2 KL(softmax(teacher / T) || softmax(student / T))}, the mean over the batch (Hinton et al. 2015,
     * arXiv:1503.02531). T^2 keeps the size of its gradient where it is at T = 1.
     */
    public static SDVariable soft(SameDiff sd, SDVariable student, SDVariable teacher, double temperature) {
        return divergence(sd, student, teacher, temperature).sum(1).mean();
    }

    /** Cross entropy of the student with the teacher's most likely class, the mean over the batch. */
    public static SDVariable hard(SameDiff sd, SDVariable student, SDVariable teacher) {
        return LossFunctions.crossEntropy(sd, student, labels(sd, teacher));
    }

    private static SDVariable blend(SDVariable own, SDVariable taught, double alpha) {
        return own.mul(1 - alpha).add(taught.mul(alpha));
    }

    /** [B, K], of which the sum over K is {@code T^2 KL}. */
    private static SDVariable divergence(SameDiff sd, SDVariable student, SDVariable teacher, double temperature) {
        SDVariable given = LossFunctions.logSoftmax(sd, teacher.div(temperature));
        SDVariable made = LossFunctions.logSoftmax(sd, student.div(temperature));
        return sd.math().exp(given).mul(given.sub(made)).mul(temperature * temperature);
    }

    /** One-hot rows of the largest logit; of several equal ones the first, as PyTorch's argmax. */
    private static SDVariable labels(SameDiff sd, SDVariable teacher) {
        DataType type = teacher.dataType();
        return sd.oneHot(sd.argmax(teacher, 1), (int) teacher.getShape()[1], 1, 1, 0, type);
    }
}
