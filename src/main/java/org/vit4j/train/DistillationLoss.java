package org.vit4j.train;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Distillation losses (Touvron et al. 2021, arXiv:2012.12877, section 4). All logits are [B, K]; the teacher's logits need
 * no gradient.
 *
 * <p>{@code (1 - alpha) * classLoss(class head, targets) + alpha * L(distillation head, teacher)}, where L is {@link
 * #soft} or {@link #hard}. Both heads are the same for a student with one head. The two implementations differ only in the
 * divisor of the soft part.
 */
public final class DistillationLoss {
    private DistillationLoss() {}

    /**
     * Loss of facebookresearch/deit, {@code losses.py} (commit 7e160fe): the soft part is divided by B * K, not by B,
     * so it is K times smaller than in the paper.
     *
     * @param classLoss loss of the class head, a scalar
     * @param hard true for labels (the paper's best, alpha 0.5), false for distributions
     * @param temperature of the soft part
     */
    public static SDVariable deit(
            SameDiff sd,
            SDVariable classLoss,
            SDVariable student,
            SDVariable teacher,
            boolean hard,
            double alpha,
            double temperature) {
        SDVariable distillLoss = hard
                ? hard(sd, student, teacher)
                : divergence(sd, student, teacher, temperature).mean();
        return blend(classLoss, distillLoss, alpha);
    }

    /**
     * Loss of lucidrains/vit-pytorch, {@code distill.py}: the soft part is divided by B. The hard part follows 0.20.3
     * and the paper; 0.20.2 uses the class head by mistake, so its distillation head is not trained.
     */
    public static SDVariable vitPytorch(
            SameDiff sd,
            SDVariable classLoss,
            SDVariable student,
            SDVariable teacher,
            boolean hard,
            double alpha,
            double temperature) {
        SDVariable distillLoss = hard ? hard(sd, student, teacher) : soft(sd, student, teacher, temperature);
        return blend(classLoss, distillLoss, alpha);
    }

    /**
     * {@code T^2 KL(softmax(teacher / T) || softmax(student / T))}, averaged over the batch (Hinton et al. 2015,
     * arXiv:1503.02531). The factor T^2 keeps the magnitude of the gradient independent of T.
     */
    public static SDVariable soft(SameDiff sd, SDVariable student, SDVariable teacher, double temperature) {
        return divergence(sd, student, teacher, temperature).sum(1).mean();
    }

    /** Cross entropy of the student with the teacher's most likely class, averaged over the batch. */
    public static SDVariable hard(SameDiff sd, SDVariable student, SDVariable teacher) {
        return LossFunctions.crossEntropy(sd, student, labels(sd, teacher));
    }

    private static SDVariable blend(SDVariable classLoss, SDVariable distillLoss, double alpha) {
        return classLoss.mul(1 - alpha).add(distillLoss.mul(alpha));
    }

    /** Terms of the divergence, [B, K]; their sum over K is {@code T^2 KL}. */
    private static SDVariable divergence(SameDiff sd, SDVariable student, SDVariable teacher, double temperature) {
        SDVariable teacherLog = LossFunctions.logSoftmax(sd, teacher.div(temperature));
        SDVariable studentLog = LossFunctions.logSoftmax(sd, student.div(temperature));
        return sd.math().exp(teacherLog).mul(teacherLog.sub(studentLog)).mul(temperature * temperature);
    }

    /** One-hot rows of the largest logit, [B, K]; the first of several equal ones, as PyTorch's argmax. */
    private static SDVariable labels(SameDiff sd, SDVariable teacher) {
        DataType type = teacher.dataType();
        return sd.oneHot(sd.argmax(teacher, 1), (int) teacher.getShape()[1], 1, 1, 0, type);
    }
}
