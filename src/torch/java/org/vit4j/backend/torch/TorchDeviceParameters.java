package org.vit4j.backend.torch;

import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.ParameterStore;

/** Parameters and buffers as flat tensors: over the memory of the store on the CPU, otherwise copies on the device. */
final class TorchDeviceParameters implements DeviceParameters {
    private final ParameterStore store;
    private final TorchMemory memory = new TorchMemory();
    private final TorchFlatArray trainable;
    private final TorchFlatArray buffers;

    TorchDeviceParameters(TorchDevice device, ParameterStore store) {
        this.store = store;
        this.trainable = TorchFlatArray.of(device, store.trainable(), memory);
        this.buffers = TorchFlatArray.of(device, store.buffers(), memory);
    }

    @Override
    public ParameterStore store() {
        return store;
    }

    @Override
    public TorchFlatArray trainable() {
        return trainable;
    }

    @Override
    public TorchFlatArray buffers() {
        return buffers;
    }

    @Override
    public void download() {
        trainable.copyTo(store.trainable());
        buffers.copyTo(store.buffers());
    }

    @Override
    public void close() {
        memory.close();
    }
}
