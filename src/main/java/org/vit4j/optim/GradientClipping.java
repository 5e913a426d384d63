package org.vit4j.optim;

import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;

/** Clips gradients, as timm's {@code dispatch_clip_grad} (v0.9.16). */
public final class GradientClipping {
    private static final double MIN_PARAMETER_NORM = 1e-3;
    private static final double MIN_GRADIENT_NORM = 1e-6;

    private final ClipConfig clip;
    private final ParameterStore store;
    private final FlatArray trainable;
    private final Map<String, Long> offsets;
    private final Set<String> head;

    /** @param head parameters that adaptive clipping skips, as its paper and timm do */
    public GradientClipping(ClipConfig clip, DeviceParameters parameters, Set<String> head) {
        this.clip = clip;
        this.store = parameters.store();
        this.trainable = parameters.trainable();
        this.offsets = store.offsets();
        this.head = head;
    }

    /** For parameters on the host. */
    public GradientClipping(ClipConfig clip, ParameterStore parameters, Set<String> head) {
        this(clip, DeviceParameters.onHost(parameters), head);
    }

    /** Clips a gradient on the host; see {@link #apply(FlatArray, double)}. */
    public void apply(INDArray gradient, double norm) {
        apply(FlatArray.of(gradient), norm);
    }

    /** @param norm global norm of the gradient */
    public void apply(FlatArray gradient, double norm) {
        switch (clip.mode()) {
            case NORM -> {
                if (norm > clip.value()) gradient.multiply(clip.value() / (norm + 1e-6));
            }
            case VALUE -> gradient.clamp(clip.value());
            case AGC ->
                offsets.forEach((name, from) -> {
                    if (!head.contains(name)) adapt(store.parameter(name), gradient, from);
                });
        }
    }

    /** Clips kernels per output unit (the last axis), other parameters as a unit. */
    private void adapt(Parameter parameter, FlatArray gradient, long from) {
        long to = from + parameter.size();
        boolean perUnit =
                parameter.role() == Role.KERNEL && parameter.shape().rank() > 1;
        var limit = new FlatArray.AdaptiveLimit(clip.value(), MIN_PARAMETER_NORM, MIN_GRADIENT_NORM);
        gradient.range(from, to).clipAdaptively(trainable.range(from, to), parameter.shape(), perUnit, limit);
    }
}
