package org.vit4j.backend;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.graph.Shape;

/**
 * A flat array of numbers where a backend computes: in the host's memory or on a device. Optimizers, clipping and weight
 * averages are written with these operations, so that their arrays never leave the device.
 *
 * <p>Operations change this array, element by element, and return it. Arguments are arrays of the same length from the same
 * backend. Two arrays are equal if they are the same memory.
 */
public interface FlatArray {
    /** An array in the host's memory; operations change it. */
    static FlatArray of(INDArray array) {
        return new Nd4jArray(array);
    }

    long length();

    /** A new array of zeros, as long and at the same place as this one. */
    FlatArray zeros();

    /** A view of the elements {@code [from, to)}. */
    FlatArray range(long from, long to);

    /** The values in the host's memory, flat: the array itself if it is there, a copy otherwise. */
    INDArray host();

    /** Sets all elements to those of an array in the host's memory. */
    FlatArray setHost(INDArray values);

    FlatArray set(FlatArray values);

    FlatArray fill(double value);

    FlatArray add(double value);

    FlatArray add(FlatArray x);

    /** Adds {@code factor * x}. */
    FlatArray add(FlatArray x, double factor);

    FlatArray multiply(double factor);

    FlatArray multiply(FlatArray x);

    FlatArray divide(double divisor);

    FlatArray divide(FlatArray x);

    FlatArray sqrt();

    /** Replaces each element by -1, 0 or 1. */
    FlatArray sign();

    /** Limits each element to {@code [-limit, limit]}. */
    FlatArray clamp(double limit);

    /** Adds {@code weight * (target - this)}; elements that are equal to the target's stay exactly equal. */
    FlatArray lerp(FlatArray target, double weight);

    /**
     * Adam's step for the gradient in this array, which it replaces: updates the moments, then computes {@code rate * m' /
     * (sqrt(v') + eps)}, where m' and v' are the bias-corrected moments.
     *
     * @param stepsBefore number of steps before this one
     */
    FlatArray adam(FlatArray m, FlatArray v, AdamSettings settings, double rate, int stepsBefore);

    /**
     * A step of Adam for the parameters in this array: updates the moments, multiplies the parameters by {@code step.remaining()},
     * and subtracts {@code step.rate() * m' / (sqrt(v') + eps)}, as {@link #adam} computes it.
     *
     * @param gradient may be overwritten
     */
    default FlatArray adamStep(FlatArray gradient, FlatArray m, FlatArray v, AdamSettings settings, AdamStep step) {
        if (step.remaining() != 1) multiply(step.remaining());
        return add(gradient.adam(m, v, settings, step.rate(), step.stepsBefore()), -1);
    }

    /**
     * Values of one {@link #adamStep}.
     *
     * @param rate learning rate
     * @param remaining part of the parameters that decoupled weight decay leaves; 1 without it
     * @param stepsBefore number of steps before this one
     */
    record AdamStep(double rate, double remaining, int stepsBefore) {}

    /** Constants of {@link #adam}: decay rates of the moments, and the number that is added to the root. */
    record AdamSettings(double beta1, double beta2, double eps) {}

    /**
     * Adaptive clipping of the gradient in this array: limits its norm to {@code ratio} times that of the parameter.
     *
     * @param parameter its values
     * @param shape of the parameter
     * @param perColumn whether each column of the last axis has a norm of its own
     */
    FlatArray clipAdaptively(FlatArray parameter, Shape shape, boolean perColumn, AdaptiveLimit limit);

    /**
     * Settings of {@link #clipAdaptively}.
     *
     * @param minParameterNorm lower bound of the norm of the parameter, so that parameters near zero can still change
     * @param minGradientNorm lower bound of the norm of the gradient, which is a divisor
     */
    record AdaptiveLimit(double ratio, double minParameterNorm, double minGradientNorm) {
        /** Factor for a gradient of that norm. */
        double factor(double parameterNorm, double gradientNorm) {
            double limit = Math.max(parameterNorm, minParameterNorm) * ratio;
            return gradientNorm < limit ? 1 : limit / Math.max(gradientNorm, minGradientNorm);
        }
    }

    /** L2 norm. Waits for the device. */
    default double norm() {
        return norms(List.of(this))[0];
    }

    /** L2 norms of some views of this array. Waits for the device once. */
    double[] norms(List<FlatArray> views);
}
