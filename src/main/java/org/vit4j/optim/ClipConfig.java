package org.vit4j.optim;

import java.util.Locale;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/**
 * {@code train.clip}: gradient clipping.
 *
 * @param value by mode: maximum global L2 norm, maximum absolute value of an element, or maximum ratio of gradient norm
 *     to parameter norm
 */
public record ClipConfig(ClipMode mode, double value) {
    public enum ClipMode {
        /** PyTorch's {@code clip_grad_norm_}. */
        NORM,
        /** PyTorch's {@code clip_grad_value_}. */
        VALUE,
        /** Adaptive clipping (Brock et al. 2021, arXiv:2102.06171), see {@link GradientClipping}. */
        AGC
    }

    public ClipConfig {
        Checks.positive("value", value);
    }

    /** Reads {@code clip: 1.0}, a maximum norm, or a section; 0 disables clipping. */
    public static Optional<ClipConfig> read(Section train) {
        if (!train.isSection("clip")) return norm(train);
        return train.optional("clip", s -> {
            ClipMode mode = s.enumAt("mode", ClipMode.class, ClipMode.NORM);
            double value = s.doubleUnlessOff("value", mode == ClipMode.AGC ? 0.01 : 1);
            s.rejectUnknownKeys();
            return value == 0 ? Optional.empty() : s.build(() -> new ClipConfig(mode, value));
        });
    }

    private static Optional<ClipConfig> norm(Section train) {
        if (!train.has("clip") || train.isOff("clip")) return Optional.empty();
        double norm = train.doubleAt("clip");
        if (norm > 0) return Optional.of(new ClipConfig(ClipMode.NORM, norm));
        train.reject("clip", String.format(Locale.ROOT, "must be positive, or 0 for none, got %s", norm));
        return Optional.empty();
    }
}
