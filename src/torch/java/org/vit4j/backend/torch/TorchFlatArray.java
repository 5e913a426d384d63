package org.vit4j.backend.torch;

import java.lang.ref.Reference;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.FlatArray;
import org.vit4j.graph.Shape;

/** A flat float tensor. On the CPU it shares the memory of an ND4J array. */
final class TorchFlatArray implements FlatArray {
    private final TorchMemory memory;
    private final Tensor tensor;
    /** The array that shares the memory, or null on a device with memory of its own. */
    private final INDArray host;

    private TorchFlatArray(TorchMemory memory, Tensor tensor, INDArray host) {
        this.memory = memory;
        this.tensor = memory.keep(tensor);
        this.host = host;
    }

    /** @param memory keeps the tensor; also those of {@link #zeros} and {@link #range} */
    static TorchFlatArray of(TorchDevice device, INDArray values, TorchMemory memory) {
        try (PointerScope scope = TorchArrays.scope()) {
            Tensor shared = TorchArrays.shared(values, values.length());
            boolean shares = device.sharesMemory();
            return new TorchFlatArray(memory, shares ? shared : device.tensor(shared), shares ? values : null);
        } finally {
            Reference.reachabilityFence(values);
        }
    }

    Tensor tensor() {
        return tensor;
    }

    private static Tensor tensor(FlatArray other) {
        return ((TorchFlatArray) other).tensor;
    }

    /** Changes the tensor; frees the objects that this makes. */
    private FlatArray change(Consumer<Tensor> operation) {
        try (PointerScope scope = TorchArrays.scope()) {
            operation.accept(tensor);
        }
        return this;
    }

    @Override
    public long length() {
        return tensor.numel();
    }

    @Override
    public TorchFlatArray zeros() {
        return zeros(memory);
    }

    TorchFlatArray zeros(TorchMemory owner) {
        try (PointerScope scope = TorchArrays.scope()) {
            if (host == null) return new TorchFlatArray(owner, torch.zeros_like(tensor), null);
            INDArray zeros = Nd4j.zeros(DataType.FLOAT, length());
            return new TorchFlatArray(owner, TorchArrays.shared(zeros, length()), zeros);
        }
    }

    @Override
    public FlatArray range(long from, long to) {
        if (from == 0 && to == length()) return this;
        try (PointerScope scope = TorchArrays.scope()) {
            INDArray part = host == null ? null : host.get(NDArrayIndex.interval(from, to));
            return new TorchFlatArray(memory, tensor.narrow(0, from, to - from), part);
        }
    }

    @Override
    public INDArray host() {
        return host == null ? TorchArrays.copy(tensor, length()) : host;
    }

    /** Copies the values to an array on the host, unless it is the same memory. */
    void copyTo(INDArray target) {
        if (target == host) return;
        try (PointerScope scope = TorchArrays.scope()) {
            TorchArrays.shared(target, length()).copy_(tensor);
        } finally {
            Reference.reachabilityFence(target);
        }
    }

    @Override
    public FlatArray setHost(INDArray values) {
        if (values == host) return this;
        INDArray dense = TorchArrays.dense(values);
        change(t -> t.copy_(TorchArrays.shared(dense, length())));
        Reference.reachabilityFence(dense);
        return this;
    }

    @Override
    public FlatArray set(FlatArray values) {
        return change(t -> t.copy_(tensor(values)));
    }

    @Override
    public FlatArray fill(double value) {
        return change(t -> t.fill_(new Scalar(value)));
    }

    @Override
    public FlatArray add(double value) {
        return change(t -> t.add_(new Scalar(value)));
    }

    @Override
    public FlatArray add(FlatArray x) {
        return change(t -> t.add_(tensor(x)));
    }

    @Override
    public FlatArray add(FlatArray x, double factor) {
        return change(t -> t.add_(tensor(x), new Scalar(factor)));
    }

    @Override
    public FlatArray multiply(double factor) {
        return change(t -> t.mul_(new Scalar(factor)));
    }

    @Override
    public FlatArray multiply(FlatArray x) {
        return change(t -> t.mul_(tensor(x)));
    }

    @Override
    public FlatArray divide(double divisor) {
        return change(t -> t.div_(new Scalar(divisor)));
    }

    @Override
    public FlatArray divide(FlatArray x) {
        return change(t -> t.div_(tensor(x)));
    }

    @Override
    public FlatArray sqrt() {
        return change(Tensor::sqrt_);
    }

    @Override
    public FlatArray sign() {
        return change(Tensor::sign_);
    }

    @Override
    public FlatArray clamp(double limit) {
        return change(t -> t.clamp_(new ScalarOptional(new Scalar(-limit)), new ScalarOptional(new Scalar(limit))));
    }

    @Override
    public FlatArray lerp(FlatArray target, double weight) {
        return change(t -> t.lerp_(tensor(target), new Scalar(weight)));
    }

    /** In place, without temporary tensors: the gradient's memory receives the denominator, then the step. */
    @Override
    public FlatArray adam(FlatArray m, FlatArray v, AdamSettings settings, double rate, int stepsBefore) {
        double beta1 = settings.beta1();
        double beta2 = settings.beta2();
        double scale = rate / (1 - Math.pow(beta1, stepsBefore + 1));
        double root = Math.sqrt(1 - Math.pow(beta2, stepsBefore + 1));
        return change(gradient -> {
            tensor(m).lerp_(gradient, new Scalar(1 - beta1));
            tensor(v).mul_(new Scalar(beta2)).addcmul_(gradient, gradient, new Scalar(1 - beta2));
            torch.sqrt_out(gradient, tensor(v)).add_(new Scalar(settings.eps() * root));
            torch.div_out(gradient, tensor(m), gradient).mul_(new Scalar(scale * root));
        });
    }

    @Override
    public FlatArray clipAdaptively(FlatArray parameter, Shape shape, boolean perColumn, AdaptiveLimit limit) {
        long columns = perColumn ? shape.last() : 1;
        return change(gradient -> {
            Tensor own = gradient.view(-1, columns);
            Tensor weights = norm(tensor(parameter).view(-1, columns));
            Tensor most = torch.clamp_min(weights, new Scalar(limit.minParameterNorm()))
                    .mul(new Scalar(limit.ratio()));
            Tensor norms = norm(own);
            Tensor factors = most.div(torch.clamp_min(norms, new Scalar(limit.minGradientNorm())));
            own.mul_(torch.where(norms.lt(most), new Scalar(1), factors));
        });
    }

    /** L2 norms of columns, [rows, columns] -> [1, columns]. */
    private static Tensor norm(Tensor matrix) {
        return torch.linalg_vector_norm(matrix, new Scalar(2), new long[] {0}, true, new ScalarTypeOptional());
    }

    @Override
    public double[] norms(List<FlatArray> views) {
        try (PointerScope scope = TorchArrays.scope()) {
            TensorVector norms = new TensorVector();
            for (FlatArray view : views) norms.push_back(torch.linalg_vector_norm(tensor(view)));
            return TorchArrays.copy(torch.stack(norms), views.size()).toDoubleVector();
        }
    }
}
