package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Memory for tracing. Arrays that are not computed, only needed for their shapes, share the same memory.
 *
 * <p>ND4J's own memory managers change the order flag of an array but not its strides when an op reports an 'f' shape,
 * which silently gives wrong results. Here all arrays have 'c' order.
 */
final class ScratchMemory extends AbstractMemoryMgr {
    private final Map<DataType, INDArray> dummies = new EnumMap<>(DataType.class);
    private final List<INDArray> all = new ArrayList<>();
    private boolean storesValues;

    /** Sets whether arrays allocated next store values. */
    void storesValues(boolean stores) {
        storesValues = stores;
    }

    @Override
    public INDArray allocate(boolean detached, DataType type, long... shape) {
        if (storesValues) return make(type, shape);
        long length = PlannedValue.length(shape);
        INDArray dummy = dummies.get(type);
        if (dummy == null || dummy.length() < length) {
            dummy = make(type, dummy == null ? length : Math.max(length, 2 * dummy.length()));
            dummies.put(type, dummy);
        }
        return Allocation.of(dummy).view(0, shape);
    }

    private INDArray make(DataType type, long... shape) {
        INDArray array = Nd4j.createUninitializedDetached(type, shape);
        all.add(array);
        return array;
    }

    @Override
    public INDArray allocate(boolean detached, LongShapeDescriptor shape) {
        return shape.isEmpty() ? Nd4j.create(shape) : allocate(detached, shape.dataType(), shape.getShape());
    }

    @Override
    public void release(INDArray array) {
        // Small or shared; close() frees all of them.
    }

    @Override
    public void close() {
        all.forEach(INDArray::close);
        all.clear();
    }
}
