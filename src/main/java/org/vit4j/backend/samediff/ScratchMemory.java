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
 * Arrays for finding out shapes: all the ones nobody computes lie on top of each other.
 *
 * <p>ND4J's own memory managers flip the order flag of arrays without their strides when an op reports an 'f' shape,
 * which gives wrong numbers silently. Here every array is 'c'.
 */
final class ScratchMemory extends AbstractMemoryMgr {
    private final Map<DataType, INDArray> dummies = new EnumMap<>(DataType.class);
    private final List<INDArray> all = new ArrayList<>();
    private boolean real;

    /** Whether the next arrays are going to hold values. */
    void real(boolean wanted) {
        real = wanted;
    }

    @Override
    public INDArray allocate(boolean detached, DataType type, long... shape) {
        if (real) return make(type, shape);
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
        // Small or shared; they go together.
    }

    @Override
    public void close() {
        all.forEach(INDArray::close);
        all.clear();
    }
}
