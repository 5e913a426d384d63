package org.vit4j.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Function;
import onnx.OnnxMl;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

/**
 * A constant tensor of the model.
 *
 * @param bytes encodes its values as little-endian bytes, given parameter values by name
 */
record Initializer(
        String name,
        OnnxMl.TensorProto.DataType type,
        List<Long> dims,
        Function<Function<String, float[]>, byte[]> bytes) {

    Initializer {
        dims = List.copyOf(dims);
    }

    /** Axis order of a parameter in ONNX. */
    enum InitializerOrder {
        SAME,
        /** Convolution kernel: [kH, kW, in, out] -> [out, in, kH, kW]. */
        CONVOLUTION,
        /** Kernel of a 1x1 convolution: [in, out] -> [out, in, 1, 1]. */
        POINTWISE
    }

    /** Creates an initializer under the parameter's own name. */
    static Initializer of(Parameter weight, InitializerOrder order) {
        Shape shape = weight.shape();
        int last = shape.rank() - 1;
        List<Long> dims = switch (order) {
            case SAME -> longs(shape);
            case CONVOLUTION ->
                List.of((long) shape.dim(3), (long) shape.dim(2), (long) shape.dim(0), (long) shape.dim(1));
            case POINTWISE -> List.of((long) shape.dim(last), (long) shape.dim(0), 1L, 1L);
        };
        int columns = shape.last();
        return new Initializer(weight.name(), OnnxMl.TensorProto.DataType.FLOAT, dims, weights -> {
            float[] values = weights.apply(weight.name());
            if (values.length != weight.size())
                throw new IllegalStateException("wrong number of values for " + weight.name());
            return bytes(
                    switch (order) {
                        case SAME -> values;
                        case CONVOLUTION -> convolution(values, shape);
                        case POINTWISE -> transposed(values, values.length / columns, columns);
                    });
        });
    }

    static Initializer floats(String name, float[] values, long... dims) {
        byte[] bytes = bytes(values);
        return new Initializer(name, OnnxMl.TensorProto.DataType.FLOAT, boxed(dims), any -> bytes);
    }

    static Initializer ints(String name, long[] values, long... dims) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asLongBuffer().put(values);
        byte[] bytes = buffer.array();
        return new Initializer(name, OnnxMl.TensorProto.DataType.INT64, boxed(dims), any -> bytes);
    }

    /** Size in bytes. */
    long size() {
        long count = dims.stream().reduce(1L, Math::multiplyExact);
        return Math.multiplyExact(count, type == OnnxMl.TensorProto.DataType.INT64 ? Long.BYTES : Float.BYTES);
    }

    private static float[] convolution(float[] values, Shape shape) {
        int area = shape.dim(0) * shape.dim(1), in = shape.dim(2), out = shape.dim(3);
        float[] result = new float[values.length];
        for (int pixel = 0, from = 0; pixel < area; pixel++) {
            for (int i = 0; i < in; i++) {
                for (int o = 0; o < out; o++) result[(o * in + i) * area + pixel] = values[from++];
            }
        }
        return result;
    }

    private static float[] transposed(float[] values, int rows, int columns) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) result[i % columns * rows + i / columns] = values[i];
        return result;
    }

    private static byte[] bytes(float[] values) {
        ByteBuffer buffer = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES));
        buffer.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
        return buffer.array();
    }

    private static List<Long> longs(Shape shape) {
        return shape.dims().stream().map(Integer::longValue).toList();
    }

    private static List<Long> boxed(long... dims) {
        return java.util.Arrays.stream(dims).boxed().toList();
    }
}
