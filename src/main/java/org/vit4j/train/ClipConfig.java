package org.vit4j.train;

import java.util.Locale;
import java.util.Optional;
import org.vit4j.config.Section;

/**
 * How a gradient is kept small.
 *
 * @param value the largest L2 norm of all of it, the largest size of one element, or the largest share of a weight's own norm
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
        if (!(value > 0))
            throw new IllegalArgumentException(String.format(Locale.ROOT, "value (%s) must be above 0", value));
    }

    /** {@code clip: 1.0}, which is a norm, or a section; 0 for none. */
    static Optional<ClipConfig> read(Section train) {
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
        train.reject("clip", String.format(Locale.ROOT, "must be above 0, or 0 for none, got %s", norm));
        return Optional.empty();
    }
}
