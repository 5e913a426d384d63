package org.vit4j.train;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.config.Section;

/**
 * {@code train.distill}: learning from a teacher besides the labels, through a second head (DeiT, Touvron et al. 2021,
 * arXiv:2012.12877, section 4).
 *
 * @param teacher a model of ours with the same classes
 * @param alpha share of the teacher in the loss
 * @param temperature by which soft labels are flattened; hard ones know none
 */
public record DistillConfig(Path teacher, DistillType type, double alpha, double temperature, DistillForm form) {
    public enum DistillType {
        /** The class the teacher thinks likeliest is a second label. */
        HARD,
        /** The teacher's probabilities are what the second head should come close to. */
        SOFT
    }

    /** Whose arithmetic; they differ by the number of classes in the soft loss. */
    public enum DistillForm {
        DEIT,
        VIT_PYTORCH
    }

    public DistillConfig {
        check(alpha >= 0 && alpha <= 1, "alpha (%s) must lie in 0..1", alpha);
        check(temperature > 0, "temperature (%s) must be above 0", temperature);
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
     * The scalar to minimize.
     *
     * @param own the loss of the class head by the labels, a scalar
     * @param logitsDistill what the other head says, [B, K], as {@code teacher}
     */
    SDVariable loss(SameDiff sd, SDVariable own, SDVariable logitsDistill, SDVariable teacher) {
        boolean hard = type == DistillType.HARD;
        return switch (form) {
            case DEIT -> DistillationLoss.deit(sd, own, logitsDistill, teacher, hard, alpha, temperature);
            case VIT_PYTORCH -> DistillationLoss.vitPytorch(sd, own, logitsDistill, teacher, hard, alpha, temperature);
        };
    }

    private static void check(boolean holds, String rule, double value) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, value));
    }
}
