package org.vit4j.backend.torch;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Inputs of a pass by name, as tensors. On the CPU they share the memory of arrays, which stay reachable until {@link #close}. */
final class TorchInputs implements AutoCloseable {
    private final List<INDArray> held = new ArrayList<>();
    private final Map<String, TorchValue> values = new HashMap<>();

    /** @param byteTable normalized values of images of unsigned bytes, see {@link TorchDevice#input}; null if there are none */
    TorchInputs(TorchDevice device, Map<String, INDArray> inputs, Tensor byteTable) {
        inputs.forEach((name, array) -> values.put(name, new TorchValue(input(device, array, byteTable))));
    }

    private Tensor input(TorchDevice device, INDArray array, Tensor byteTable) {
        boolean bytes = array.dataType() == DataType.BYTE;
        INDArray dense = bytes ? array : TorchArrays.dense(array);
        held.add(dense);
        return bytes
                ? device.input(TorchArrays.sharedBytes(dense, array.shape()), byteTable, array.shape())
                : device.input(TorchArrays.shared(dense, array.shape()));
    }

    Map<String, TorchValue> values() {
        return values;
    }

    @Override
    public void close() {
        Reference.reachabilityFence(held);
    }
}
