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

    /** {@code clip: 1.0}, which is a norm, or a section. */
    static Optional<ClipConfig> read(Section train) {
        if (!train.has("clip")) return Optional.empty();
        if (train.isSection("clip")) {
            Section s = train.section("clip");
            ClipMode mode = s.enumAt("mode", ClipMode.class, ClipMode.NORM);
            double value = s.doubleAt("value", mode == ClipMode.AGC ? 0.01 : 1);
            return s.build(() -> new ClipConfig(mode, value));
        }
        double norm = train.doubleAt("clip");
        if (norm > 0) return Optional.of(new ClipConfig(ClipMode.NORM, norm));
        train.reject("clip", String.format(Locale.ROOT, "must be above 0, got %s; leave it out for none", norm));
        return Optional.empty();
    }
}
