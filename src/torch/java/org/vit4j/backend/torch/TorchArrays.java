package org.vit4j.backend.torch;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tensors over the memory of ND4J arrays, copies, and scopes that free tensors. */
final class TorchArrays {
    private static final class Address extends Pointer {
        Address(long value) {
            super((Pointer) null);
            address = value;
        }
    }

    private TorchArrays() {}

    /**
     * A scope that frees libtorch's objects of this thread when it is closed, except those whose reference was retained.
     * Names the classes: ND4J's memory, allocated meanwhile, must outlive it.
     */
    static PointerScope scope() {
        return new PointerScope(
                Tensor.class,
                TensorVector.class,
                TensorOptional.class,
                TensorOptions.class,
                Scalar.class,
                ScalarTypeOptional.class,
                LongArrayRef.class,
                LongOptional.class,
                BoolOptional.class,
                DoubleOptional.class,
                ScalarOptional.class,
                Device.class,
                MemoryFormatOptional.class);
    }

    /** An array in row-major order; itself if it is. */
    static INDArray dense(INDArray array) {
        INDArray floats = array.dataType() == DataType.FLOAT ? array : array.castTo(DataType.FLOAT);
        return floats.ordering() == 'c' && !floats.isView() ? floats : floats.dup('c');
    }

    /** A tensor that shares the memory of an array, which must be {@link #dense} and stay reachable. */
    static Tensor shared(INDArray array, long... shape) {
        return torch.from_blob(new Address(array.data().address() + array.offset() * Float.BYTES), shape);
    }

    /** Like {@link #shared(INDArray, long...)}, of an array of type BYTE, whose values are unsigned. */
    static Tensor sharedBytes(INDArray array, long... shape) {
        return torch.from_blob(
                new Address(array.data().address() + array.offset()), shape, new TensorOptions(torch.ScalarType.Byte));
    }

    /** A copy in an array of that shape. */
    static INDArray copy(Tensor tensor, long... shape) {
        INDArray array = Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
        try (PointerScope scope = scope()) {
            shared(array, shape).copy_(tensor.detach().reshape(shape));
        }
        return array;
    }

    /** A tensor [rows, columns]. */
    static Tensor matrix(double[][] rows) {
        float[] values = new float[rows.length * rows[0].length];
        for (int i = 0; i < values.length; i++) values[i] = (float) rows[i / rows[0].length][i % rows[0].length];
        try (FloatPointer memory = new FloatPointer(values)) {
            return torch.from_blob(memory, rows.length, rows[0].length).clone();
        }
    }

    /** A vector of integers. */
    static Tensor vector(long[] values) {
        try (LongPointer memory = new LongPointer(values)) {
            TensorOptions integers = new TensorOptions(torch.ScalarType.Long);
            return torch.from_blob(memory, new long[] {values.length}, integers).clone();
        }
    }

    static Tensor zeros(long size) {
        return torch.zeros(size);
    }
}
