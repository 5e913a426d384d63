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
public record Distill(Path teacher, Type type, double alpha, double temperature, Form form) {
    public enum Type {
        /** The class the teacher thinks likeliest is a second label. */
        HARD,
        /** The teacher's probabilities are what the second head should come close to. */
        SOFT
    }

    /** Whose arithmetic; they differ by the number of classes in the soft loss. */
    public enum Form {
        DEIT,
        VIT_PYTORCH
    }

    public Distill {
        check(alpha >= 0 && alpha <= 1, "alpha (%s) must lie in 0..1", alpha);
        check(temperature > 0, "temperature (%s) must be above 0", temperature);
    }

    static Optional<Distill> read(Section s) {
        String teacher = s.stringAt("teacher");
        Type type = s.oneOf("type", Type.class, Type.HARD);
        double alpha = s.doubleAt("alpha", 0.5);
        double temperature = s.doubleAt("temperature", 3);
        Form form = s.oneOf("form", Form.class, Form.DEIT);
        return s.build(() -> new Distill(Path.of(teacher), type, alpha, temperature, form));
    }

    /**
     * The scalar to minimise.
     *
     * @param own the loss of the class head by the labels, a scalar
     * @param logitsDistill what the other head says, [B, K], as {@code teacher}
     */
    SDVariable loss(SameDiff sd, SDVariable own, SDVariable logitsDistill, SDVariable teacher) {
        boolean hard = type == Type.HARD;
        return switch (form) {
            case DEIT -> Distillation.deit(sd, own, logitsDistill, teacher, hard, alpha, temperature);
            case VIT_PYTORCH -> Distillation.vitPytorch(sd, own, logitsDistill, teacher, hard, alpha, temperature);
        };
    }

    private static void check(boolean holds, String rule, double value) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, value));
    }
}
