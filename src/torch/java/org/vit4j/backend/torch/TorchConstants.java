package org.vit4j.backend.torch;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Constant tensors on a device by a key of the caller's, made once. Thread-safe. */
final class TorchConstants implements AutoCloseable {
    private final TorchDevice device;
    private final Map<String, TorchValue> values = new HashMap<>();

    TorchConstants(TorchDevice device) {
        this.device = device;
    }

    TorchValue longs(String key, Supplier<long[]> vector) {
        return get(key, () -> TorchArrays.vector(vector.get()));
    }

    TorchValue floats(String key, Supplier<double[][]> matrix) {
        return get(key, () -> TorchArrays.matrix(matrix.get()));
    }

    private synchronized TorchValue get(String key, Supplier<Tensor> tensor) {
        return values.computeIfAbsent(key, any -> {
            try (PointerScope scope = TorchArrays.scope()) {
                Tensor made = device.tensor(tensor.get());
                made.retainReference();
                return new TorchValue(made);
            }
        });
    }

    @Override
    public synchronized void close() {
        values.values().forEach(value -> value.tensor().releaseReference());
        values.clear();
    }
}
