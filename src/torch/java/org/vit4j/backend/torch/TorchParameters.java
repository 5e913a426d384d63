package org.vit4j.backend.torch;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

/** Parameters and buffers by name, as views of two flat tensors, and the gradient of the parameters, flat. */
final class TorchParameters implements AutoCloseable {
    private final TorchDeviceParameters flat;
    private final TorchParameterUse use;
    private final TorchFlatArray gradient;
    private final TorchMemory memory = new TorchMemory();
    private final Map<String, TorchValue> leaves = new HashMap<>();

    private TorchParameters(TorchDeviceParameters flat, TorchParameterUse use, boolean training, Set<String> frozen) {
        this.flat = flat;
        this.use = use;
        this.gradient = training ? flat.trainable().zeros(memory) : null;
        ParameterStore store = flat.store();
        Map<String, Long> offsets = store.offsets();
        try (PointerScope scope = TorchArrays.scope()) {
            long buffer = 0;
            for (Parameter parameter : store.parameters()) {
                boolean trained = parameter.role().trainable();
                long from = trained ? offsets.get(parameter.name()) : buffer;
                TorchFlatArray values = trained ? flat.trainable() : flat.buffers();
                Tensor leaf = memory.keep(view(values, from, parameter.shape()));
                if (trained && training && !frozen.contains(parameter.name())) {
                    leaf.requires_grad_(true);
                    leaf.mutable_grad().put(view(gradient, from, parameter.shape())); // autograd adds to it in place
                }
                leaves.put(parameter.name(), new TorchValue(leaf));
                if (!trained) buffer += parameter.size();
            }
        }
    }

    static TorchParameters inference(TorchDeviceParameters flat, TorchParameterUse use) {
        return new TorchParameters(flat, use, false, Set.of());
    }

    /** @param frozen parameters without a gradient */
    static TorchParameters training(TorchDeviceParameters flat, TorchParameterUse use, Set<String> frozen) {
        return new TorchParameters(flat, use, true, frozen);
    }

    private static Tensor view(TorchFlatArray flat, long from, Shape shape) {
        long[] dims = shape.dims().stream().mapToLong(Integer::longValue).toArray();
        return flat.tensor().narrow(0, from, shape.size()).view(dims).detach();
    }

    /** Copies changes of the store to the device, if passes compute with the store. */
    void upload() {
        if (use == TorchParameterUse.STORE) flat.upload();
    }

    /** Copies changed buffers to the store, if passes compute with the store. */
    void downloadBuffers() {
        if (use == TorchParameterUse.STORE) flat.buffers().copyTo(flat.store().buffers());
    }

    /** The gradient of all trainable parameters. */
    TorchFlatArray gradient() {
        return gradient;
    }

    TorchValue leaf(String name) {
        return leaves.get(name);
    }

    @Override
    public void close() {
        leaves.clear();
        memory.close();
        if (use.isOwner()) flat.close();
    }
}
