package org.vit4j.backend.torch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

/**
 * Parameters and buffers as tensors that are views of two flat tensors. These share the memory of the store on the CPU; on
 * a GPU they are copies, see {@link #upload} and {@link #downloadGradient}.
 */
final class TorchParameters implements AutoCloseable {
    private final boolean copies;
    /** Flat tensors on the host, and those on the device; the gradient comes last, if there is one. */
    private final List<Tensor> host = new ArrayList<>();

    private final List<Tensor> flat = new ArrayList<>();
    private final Map<String, TorchValue> leaves = new HashMap<>();

    /** Without gradients. */
    TorchParameters(TorchDevice device, ParameterStore store) {
        this(device, store, null, Set.of());
    }

    /**
     * @param gradient receives the gradient of all trainable parameters, flat
     * @param frozen parameters without a gradient
     */
    TorchParameters(TorchDevice device, ParameterStore store, INDArray gradient, Set<String> frozen) {
        this.copies = !device.sharesMemory();
        try (PointerScope scope = TorchArrays.scope()) {
            Tensor trainable = flat(device, store.trainable());
            Tensor buffers = flat(device, store.buffers());
            Tensor gradients = gradient == null ? null : flat(device, gradient);
            Map<String, Long> offsets = store.offsets();
            long buffer = 0;
            for (Parameter parameter : store.parameters()) {
                boolean trained = parameter.role().trainable();
                long from = trained ? offsets.get(parameter.name()) : buffer;
                Tensor leaf = view(trained ? trainable : buffers, from, parameter.shape());
                if (trained && gradients != null && !frozen.contains(parameter.name())) {
                    leaf.requires_grad_(true);
                    leaf.mutable_grad().put(view(gradients, from, parameter.shape())); // autograd adds to it in place
                }
                leaf.retainReference();
                leaves.put(parameter.name(), new TorchValue(leaf));
                if (!trained) buffer += parameter.size();
            }
        }
    }

    private static Tensor view(Tensor flat, long from, Shape shape) {
        long[] dims = shape.dims().stream().mapToLong(Integer::longValue).toArray();
        return flat.narrow(0, from, shape.size()).view(dims).detach();
    }

    private Tensor flat(TorchDevice device, INDArray array) {
        Tensor memory = TorchArrays.shared(array, array.length());
        Tensor tensor = device.tensor(memory);
        host.add(memory);
        flat.add(tensor);
        memory.retainReference();
        tensor.retainReference();
        return tensor;
    }

    /** Copies changes of parameters and buffers to the device. */
    void upload() {
        if (!copies) return;
        for (int i = 0; i < 2; i++) flat.get(i).copy_(host.get(i));
    }

    /** Sets the gradient to zero. */
    void zeroGradient() {
        flat.get(flat.size() - 1).zero_();
    }

    /** Copies the gradient from the device. */
    void downloadGradient() {
        if (copies) host.get(host.size() - 1).copy_(flat.get(flat.size() - 1));
    }

    TorchValue leaf(String name) {
        return leaves.get(name);
    }

    @Override
    public void close() {
        leaves.values().forEach(leaf -> leaf.tensor().releaseReference());
        leaves.clear();
        host.forEach(Tensor::releaseReference);
        flat.forEach(Tensor::releaseReference);
        host.clear();
        flat.clear();
    }
}
