package org.vit4j.train;

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

/** Clips the gradient of a step, as timm's {@code dispatch_clip_grad} (v0.9.16). */
final class GradientClipping {
    /** A weight that is nearly nothing may have a gradient as if it were this large. */
    private static final double SMALLEST_WEIGHT = 1e-3;

    private static final double SMALLEST_GRADIENT = 1e-6;

    private final ClipConfig clip;
    private final ParameterStore parameters;
    private final Map<String, Long> offsets;
    private final Set<String> head;

    /** @param head weights that adaptive clipping leaves alone, as its paper and timm do */
    GradientClipping(ClipConfig clip, ParameterStore parameters, Set<String> head) {
        this.clip = clip;
        this.parameters = parameters;
        this.offsets = parameters.offsets();
        this.head = head;
    }

    /** @param norm of the whole gradient */
    void apply(INDArray gradient, double norm) {
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

    /** By output unit for kernels, whose last axis that is; other weights as one. */
    private void adapt(Parameter weight, INDArray gradient, long from) {
        INDArray array = parameters.array(weight.name());
        INDArray own = ParameterStore.view(gradient, from, weight.shape());
        if (weight.role() == Role.KERNEL && weight.shape().rank() > 1) {
            int last = weight.shape().rank() - 1;
            int[] others = IntStream.range(0, last).toArray();
            double[] sizes = array.norm2(others).toDoubleVector();
            double[] norms = own.norm2(others).toDoubleVector();
            double[] factors = new double[norms.length];
            for (int i = 0; i < factors.length; i++) factors[i] = factor(sizes[i], norms[i]);
            INDArray rows = own.reshape('c', own.length() / factors.length, factors.length);
            rows.muliRowVector(Nd4j.createFromArray(factors).castTo(own.dataType()));
        } else {
            double factor =
                    factor(array.norm2Number().doubleValue(), own.norm2Number().doubleValue());
            if (factor < 1) own.muli(factor);
        }
    }

    private double factor(double weight, double gradient) {
        double largest = Math.max(weight, SMALLEST_WEIGHT) * clip.value();
        return gradient < largest ? 1 : largest / Math.max(gradient, SMALLEST_GRADIENT);
    }
}
