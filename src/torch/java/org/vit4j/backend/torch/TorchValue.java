package org.vit4j.backend.torch;

import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Window;

/**
 * A libtorch tensor with the operations that graphs need; all calls of libtorch's operations are here. Images are [B, C, H, W]
 * unless stated otherwise.
 */
record TorchValue(Tensor tensor) {
    private static final boolean KEEP = true;

    private static TorchValue of(Tensor tensor) {
        return new TorchValue(tensor);
    }

    private static TensorOptional optional(TorchValue value) {
        return value == null ? new TensorOptional() : new TensorOptional(value.tensor);
    }

    /** In float32. */
    TorchValue floats() {
        return as(torch.ScalarType.Float);
    }

    /** Rounded to bfloat16. */
    TorchValue bfloats() {
        return as(torch.ScalarType.BFloat16);
    }

    private TorchValue as(torch.ScalarType type) {
        return tensor.scalar_type() == type ? this : of(tensor.to(type));
    }

    long size(int axis) {
        return tensor.sizes().get(axis);
    }

    TorchValue reshape(long... shape) {
        return of(tensor.reshape(shape));
    }

    TorchValue permute(long... axes) {
        return of(tensor.permute(axes));
    }

    TorchValue swap(int axis, int other) {
        return of(tensor.transpose(axis, other));
    }

    TorchValue moveAxis(int from, int to) {
        return of(tensor.movedim(from, to));
    }

    TorchValue narrow(int axis, long from, long length) {
        return of(tensor.narrow(axis, from, length));
    }

    TorchValue select(int axis, long index) {
        return of(tensor.select(axis, index));
    }

    TorchValue expand(long... shape) {
        return of(tensor.expand(shape));
    }

    TorchValue plus(TorchValue other) {
        return of(tensor.add(other.tensor));
    }

    TorchValue plus(double constant) {
        return of(tensor.add(new Scalar(constant)));
    }

    TorchValue minus(TorchValue other) {
        return of(tensor.sub(other.tensor));
    }

    TorchValue times(TorchValue other) {
        return of(tensor.mul(other.tensor));
    }

    TorchValue times(double factor) {
        return of(tensor.mul(new Scalar(factor)));
    }

    TorchValue over(TorchValue other) {
        return of(tensor.div(other.tensor));
    }

    TorchValue matmul(TorchValue other) {
        return of(tensor.matmul(other.tensor));
    }

    /** The mean over an axis, which is removed. */
    TorchValue mean(int axis) {
        return of(tensor.mean(new long[] {axis}, !KEEP, new ScalarTypeOptional()));
    }

    /** This minus its mean over an axis. */
    TorchValue centered(int axis) {
        return of(tensor.sub(tensor.mean(new long[] {axis}, KEEP, new ScalarTypeOptional())));
    }

    /** The mean of squares over an axis, which stays with size 1. */
    TorchValue meanSquare(int axis) {
        return of(tensor.mul(tensor).mean(new long[] {axis}, KEEP, new ScalarTypeOptional()));
    }

    /** The sum over an axis, which stays with size 1. */
    TorchValue sum(int axis) {
        return of(tensor.sum(new long[] {axis}, KEEP, new ScalarTypeOptional()));
    }

    TorchValue sqrt() {
        return of(tensor.sqrt());
    }

    TorchValue rsqrt() {
        return of(tensor.rsqrt());
    }

    TorchValue exp() {
        return of(tensor.exp());
    }

    TorchValue softmax() {
        return of(torch.softmax(tensor, -1));
    }

    TorchValue activate(Activation function) {
        return of(
                switch (function) {
                    case GELU -> torch.gelu(tensor);
                    case QUICK_GELU -> tensor.mul(torch.sigmoid(times(1.702).tensor));
                    case RELU -> torch.relu(tensor);
                    case SILU -> torch.silu(tensor);
                    case HARD_SWISH -> torch.hardswish(tensor);
                });
    }

    static TorchValue concat(List<TorchValue> parts, int axis) {
        return of(torch.cat(
                new TensorVector(parts.stream().map(TorchValue::tensor).toArray(Tensor[]::new)), axis));
    }

    /** Elements of an axis by a tensor of indices. */
    TorchValue gather(int axis, TorchValue indices) {
        return of(torch.index_select(tensor, axis, indices.tensor));
    }

    /** {@code softmax(scale * this k^T) v}, [B, H, T, d] each. */
    TorchValue attention(TorchValue k, TorchValue v, double scale) {
        boolean causal = false;
        double dropout = 0;
        return of(torch.scaled_dot_product_attention(
                tensor, k.tensor, v.tensor, new TensorOptional(), dropout, causal, new DoubleOptional(scale), false));
    }

    /** [.., in] -> [.., out] by a kernel [in, out] and an optional bias. */
    TorchValue dense(TorchValue kernel, TorchValue bias) {
        return of(torch.linear(tensor, kernel.swap(0, 1).tensor, optional(bias)));
    }

    /** @param kernel [out, in / groups, kH, kW] */
    TorchValue convolution(TorchValue kernel, TorchValue bias, Window w, int groups) {
        return of(torch.conv2d(tensor, kernel.tensor, optional(bias), strides(w), padding(w), dilation(w), groups));
    }

    /** [B, C, H, W] -> [B, C * kH * kW, T] */
    TorchValue unfold(Window w) {
        return of(torch.im2col(tensor, kernel(w), dilation(w), padding(w), strides(w)));
    }

    TorchValue maxPool(Window w) {
        return of(torch.max_pool2d(tensor, kernel(w), strides(w), padding(w), dilation(w), false));
    }

    TorchValue avgPool(Window w, boolean ceil) {
        return of(torch.avg_pool2d(tensor, kernel(w), strides(w), padding(w), ceil, true, new LongOptional()));
    }

    /** Zeros around the last axes: {@code sizes} before and after the last axis, the one before it, and so on. */
    TorchValue pad(long... sizes) {
        return of(torch.constant_pad_nd(tensor, sizes));
    }

    TorchValue layerNorm(TorchValue gamma, TorchValue beta, double epsilon) {
        long[] width = {gamma.size(0)};
        return of(torch.layer_norm(tensor, width, optional(gamma), optional(beta), epsilon, true));
    }

    TorchValue groupNorm(int groups, TorchValue gamma, TorchValue beta, double epsilon) {
        return of(torch.group_norm(tensor, groups, optional(gamma), optional(beta), epsilon, true));
    }

    /** Batch norm of axis 1 by these statistics. */
    TorchValue affine(TorchValue gamma, TorchValue beta, TorchValue mean, TorchValue variance, double epsilon) {
        return of(torch.batch_norm(
                tensor, optional(gamma), optional(beta), optional(mean), optional(variance), false, 0, epsilon, true));
    }

    /**
     * Batch norm of axis 1 by the statistics of the batch.
     *
     * @param mean receives the mean; {@code variance} the unbiased variance
     */
    TorchValue batchNorm(TorchValue gamma, TorchValue beta, TorchValue mean, TorchValue variance, double epsilon) {
        double onlyThisBatch = 1; // momentum
        return of(torch.batch_norm(
                tensor,
                optional(gamma),
                optional(beta),
                optional(mean),
                optional(variance),
                true,
                onlyThisBatch,
                epsilon,
                true));
    }

    private static long[] kernel(Window w) {
        return new long[] {w.kernelHeight(), w.kernelWidth()};
    }

    private static long[] strides(Window w) {
        return new long[] {w.strideHeight(), w.strideWidth()};
    }

    private static long[] padding(Window w) {
        return new long[] {w.padHeight(), w.padWidth()};
    }

    private static long[] dilation(Window w) {
        return new long[] {w.dilation(), w.dilation()};
    }
}
