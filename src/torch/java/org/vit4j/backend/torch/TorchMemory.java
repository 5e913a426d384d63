package org.vit4j.backend.torch;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Tensors that outlive the scope they are made in; all are freed together. Not thread-safe. */
final class TorchMemory implements AutoCloseable {
    private final List<Tensor> tensors = new ArrayList<>();

    Tensor keep(Tensor tensor) {
        tensor.retainReference();
        tensors.add(tensor);
        return tensor;
    }

    @Override
    public void close() {
        tensors.forEach(Tensor::releaseReference);
        tensors.clear();
    }
}
