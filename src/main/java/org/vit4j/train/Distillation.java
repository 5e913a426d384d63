package org.vit4j.train;

import java.util.stream.LongStream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The losses of a student with two heads, composed like those of {@link Losses}. All logits and targets are [B, K]; no
 * gradient is wanted by the teacher's, which are a placeholder.
 */
public final class Distillation {
    private Distillation() {}

    /** facebookresearch/deit, {@code losses.py}: the soft term is a mean over batch and classes. */
    public static SDVariable deit(
            SameDiff sd,
            SDVariable logitsClass,
            SDVariable logitsDistill,
            SDVariable teacher,
            SDVariable targets,
            boolean hard,
            double alpha,
            double temperature) {
        SDVariable taught = hard
                ? Losses.crossEntropy(sd, logitsDistill, chosen(sd, teacher))
                : divergence(sd, logitsDistill, teacher, temperature).mean();
        return both(sd, logitsClass, targets, taught, alpha);
    }

    /**
     * lucidrains/vit-pytorch 0.20.2, {@code distill.py}: the soft term is summed over the classes. The printed code takes
     * the class head for the hard term as well, so that the second head learns nothing; here it is the second head.
     */
    public static SDVariable vitPytorch(
            SameDiff sd,
            SDVariable logitsClass,
            SDVariable logitsDistill,
            SDVariable teacher,
            SDVariable targets,
            boolean hard,
            double alpha,
            double temperature) {
        SDVariable taught = hard
                ? Losses.crossEntropy(sd, logitsDistill, chosen(sd, teacher))
                : divergence(sd, logitsDistill, teacher, temperature).sum(1).mean();
        return both(sd, logitsClass, targets, taught, alpha);
    }

    private static SDVariable both(
            SameDiff sd, SDVariable logitsClass, SDVariable targets, SDVariable taught, double alpha) {
        return Losses.crossEntropy(sd, logitsClass, targets).mul(1 - alpha).add(taught.mul(alpha));
    }

    /** T^2 p (log p - log q), whose sum over the classes is the divergence of the student's q from the teacher's p. */
    private static SDVariable divergence(SameDiff sd, SDVariable student, SDVariable teacher, double temperature) {
        SDVariable p = sd.nn().logSoftmax(teacher.mul(1 / temperature));
        SDVariable q = sd.nn().logSoftmax(student.mul(1 / temperature));
        return sd.math().exp(p).mul(p.sub(q)).mul(temperature * temperature);
    }

    /** One at the teacher's likeliest class. */
    private static SDVariable chosen(SameDiff sd, SDVariable teacher) {
        SDVariable none = teacher.mul(0);
        SDVariable column = sd.expandDims(sd.argmax(teacher, 1), 1); // [B, 1]
        return sd.castTo(sd.eq(column, places(sd, teacher)), none.dataType());
    }

    private static SDVariable places(SameDiff sd, SDVariable teacher) {
        long classes = teacher.placeholderShape()[1];
        long[] places = LongStream.range(0, classes).toArray();
        return sd.constant(Nd4j.createFromArray(places).reshape(1, classes));
    }
}
