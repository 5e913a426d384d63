package org.vit4j.optim;

import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMax;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMin;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;

/** Clips gradients, as timm's {@code dispatch_clip_grad} (v0.9.16). */
public final class GradientClipping {
    /** Lower bound of the parameter norm in adaptive clipping, so that parameters near zero can still change. */
    private static final double MIN_PARAMETER_NORM = 1e-3;

    private static final double MIN_GRADIENT_NORM = 1e-6;

    private final ClipConfig clip;
    private final ParameterStore parameters;
    private final Map<String, Long> offsets;
    private final Set<String> head;

    /** @param head parameters that adaptive clipping skips, as its paper and timm do */
    public GradientClipping(ClipConfig clip, ParameterStore parameters, Set<String> head) {
        this.clip = clip;
        this.parameters = parameters;
        this.offsets = parameters.offsets();
        this.head = head;
    }

    /** @param norm global norm of the gradient */
    public void apply(INDArray gradient, double norm) {
        switch (clip.mode()) {
            case NORM -> {
                if (norm > clip.value()) gradient.muli(clip.value() / (norm + 1e-6));
            }
            case VALUE -> {
                Nd4j.exec(new ScalarMin(gradient, null, gradient, clip.value()));
                Nd4j.exec(new ScalarMax(gradient, null, gradient, -clip.value()));
            }
            case AGC ->
                offsets.forEach((name, from) -> {
                    if (!head.contains(name)) adapt(parameters.parameter(name), gradient, from);
                });
        }
    }

    /** Clips kernels per output unit (the last axis), other parameters as a unit. */
    private void adapt(Parameter parameter, INDArray gradient, long from) {
        INDArray array = parameters.array(parameter.name());
        INDArray own = ParameterStore.view(gradient, from, parameter.shape());
        if (parameter.role() == Role.KERNEL && parameter.shape().rank() > 1) {
            int last = parameter.shape().rank() - 1;
            int[] otherAxes = IntStream.range(0, last).toArray();
            double[] parameterNorms = array.norm2(otherAxes).toDoubleVector();
            double[] gradientNorms = own.norm2(otherAxes).toDoubleVector();
            double[] factors = new double[gradientNorms.length];
            for (int i = 0; i < factors.length; i++) factors[i] = factor(parameterNorms[i], gradientNorms[i]);
            INDArray rows = own.reshape('c', own.length() / factors.length, factors.length);
            rows.muliRowVector(Nd4j.createFromArray(factors).castTo(own.dataType()));
        } else {
            double factor =
                    factor(array.norm2Number().doubleValue(), own.norm2Number().doubleValue());
            if (factor < 1) own.muli(factor);
        }
    }

    private double factor(double parameterNorm, double gradientNorm) {
        double limit = Math.max(parameterNorm, MIN_PARAMETER_NORM) * clip.value();
        return gradientNorm < limit ? 1 : limit / Math.max(gradientNorm, MIN_GRADIENT_NORM);
    }
}
