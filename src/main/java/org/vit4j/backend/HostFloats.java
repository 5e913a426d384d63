package org.vit4j.backend;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.factory.Nd4j;

/** The elements of an ND4J array in the host's memory, which it does not own. */
final class HostFloats extends FloatPointer {
    private HostFloats(long address) {
        super((Pointer) null);
        this.address = address;
    }

    /** Returns true if an array is in the host's memory and has floats without gaps, in row-major order. */
    static boolean isDense(INDArray array) {
        return array.dataType() == DataType.FLOAT
                && (array.rank() == 1 || array.ordering() == 'c') // ND4J marks one-dimensional views 'f'
                && array.elementWiseStride() == 1
                && Nd4j.getExecutioner().type() == OpExecutioner.ExecutionerType.NATIVE_CPU;
    }

    /** Pointer to an element. */
    static HostFloats of(INDArray array, long index) {
        return new HostFloats(array.data().address() + (array.offset() + index) * Float.BYTES);
    }
}
