package org.vit4j.optim;

import java.util.List;
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
    private final FlatArray trainable;
    /** Parameters that adaptive clipping changes, and their views. */
    private final List<Parameter> adapted;

    private final ParamViews views;

    /** @param head parameters that adaptive clipping skips, as its paper and timm do */
    public GradientClipping(ClipConfig clip, DeviceParameters parameters, Set<String> head) {
        this.clip = clip;
        ParameterStore store = parameters.store();
        this.trainable = parameters.trainable();
        Map<String, Long> offsets = store.offsets();
        this.adapted = offsets.keySet().stream()
                .filter(name -> !head.contains(name))
                .map(store::parameter)
                .toList();
        this.views = new ParamViews(adapted.stream()
                .map(parameter ->
                        new ParamRange(parameter.name(), offsets.get(parameter.name()), parameter.size(), 1, 0).span())
                .toList());
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
            case AGC -> adapt(gradient);
        }
    }

    /** Clips kernels per output unit (the last axis), other parameters as a unit. */
    private void adapt(FlatArray gradient) {
        var limit = new FlatArray.AdaptiveLimit(clip.value(), MIN_PARAMETER_NORM, MIN_GRADIENT_NORM);
        for (int i = 0; i < adapted.size(); i++) {
            Parameter parameter = adapted.get(i);
            boolean perUnit =
                    parameter.role() == Role.KERNEL && parameter.shape().rank() > 1;
            FlatArray values = views.of(trainable).get(i);
            views.of(gradient).get(i).clipAdaptively(values, parameter.shape(), perUnit, limit);
        }
    }
}
