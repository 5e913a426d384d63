package org.vit4j.train;

import java.nio.file.Path;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * {@code train.distill}: distillation from a teacher (DeiT, Touvron et al. 2021, arXiv:2012.12877, section 4). A student
 * with a distillation head learns from the teacher through it, any other network through its only head.
 *
 * @param teacher saved vit4j model with the same classes
 * @param alpha weight of the distillation loss; the loss of the labels has weight 1 - alpha
 * @param temperature of the softmax for soft labels; unused for hard ones
 */
public record DistillConfig(Path teacher, DistillType type, double alpha, double temperature, DistillForm form) {
    public enum DistillType {
        /** Cross entropy with the most likely class of the teacher. */
        HARD,
        /** Kullback-Leibler divergence from the probabilities of the teacher. */
        SOFT
    }

    /** Implementation to follow; they differ by a factor of the number of classes in the soft loss. */
    public enum DistillForm {
        DEIT,
        VIT_PYTORCH
    }

    public DistillConfig {
        Checks.fraction("alpha", alpha);
        Checks.positive("temperature", temperature);
    }

    static Optional<DistillConfig> read(Section s) {
        if (s.isOff("type")) return Optional.empty(); // DeiT's --distillation-type none
        Path teacher = s.pathAt("teacher");
        DistillType type = s.enumAt("type", DistillType.class, DistillType.HARD);
        double alpha = s.doubleAt("alpha", 0.5);
        double temperature = s.doubleAt("temperature", 3);
        DistillForm form = s.enumAt("form", DistillForm.class, DistillForm.DEIT);
        return s.build(() -> new DistillConfig(teacher, type, alpha, temperature, form));
    }

    /**
     * Builds the scalar to minimize.
     *
     * @param classLoss loss of the class head, a scalar
     * @param student logits that learn from the teacher, [B, K]: of the distillation head, or of the only head
     * @param teacher logits of the teacher, [B, K]
     */
    SDVariable loss(SameDiff sd, SDVariable classLoss, SDVariable student, SDVariable teacher) {
        boolean hard = type == DistillType.HARD;
        return switch (form) {
            case DEIT -> DistillationLoss.deit(sd, classLoss, student, teacher, hard, alpha, temperature);
            case VIT_PYTORCH -> DistillationLoss.vitPytorch(sd, classLoss, student, teacher, hard, alpha, temperature);
        };
    }
}
