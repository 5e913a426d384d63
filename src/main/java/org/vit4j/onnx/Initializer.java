package org.vit4j.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Function;
import onnx.OnnxMl;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

/**
 * A tensor that lies in the file.
 *
 * @param bytes makes its little-endian bytes when its turn comes, given where weights come from
 */
record Initializer(
        String name,
        OnnxMl.TensorProto.DataType type,
        List<Long> dims,
        Function<Function<String, float[]>, byte[]> bytes) {

    Initializer {
        dims = List.copyOf(dims);
    }

    /** How ONNX wants the axes of a weight. */
    enum InitializerOrder {
        SAME,
        /** A kernel of a convolution: ours [kH, kW, in, out], ONNX' [out, in, kH, kW]. */
        CONVOLUTION,
        /** A matrix [in, out] as the kernel of a convolution of one pixel, [out, in, 1, 1]. */
        PIXEL
    }

    /** Under the weight's own name. */
    static Initializer of(Parameter weight, InitializerOrder order) {
        Shape ours = weight.shape();
        int last = ours.rank() - 1;
        List<Long> dims = switch (order) {
            case SAME -> longs(ours);
            case CONVOLUTION -> List.of((long) ours.dim(3), (long) ours.dim(2), (long) ours.dim(0), (long) ours.dim(1));
            case PIXEL -> List.of((long) ours.dim(last), (long) ours.dim(0), 1L, 1L);
        };
        int columns = ours.last();
        return new Initializer(weight.name(), OnnxMl.TensorProto.DataType.FLOAT, dims, weights -> {
            float[] values = weights.apply(weight.name());
            if (values.length != weight.size()) throw new IllegalStateException(weight.name() + " changed its size");
            return bytes(
                    switch (order) {
                        case SAME -> values;
                        case CONVOLUTION -> convolution(values, ours);
                        case PIXEL -> transposed(values, values.length / columns, columns);
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

    /** In bytes. */
    long size() {
        long count = dims.stream().reduce(1L, Math::multiplyExact);
        return Math.multiplyExact(count, type == OnnxMl.TensorProto.DataType.INT64 ? Long.BYTES : Float.BYTES);
    }

    private static float[] convolution(float[] ours, Shape shape) {
        int area = shape.dim(0) * shape.dim(1), in = shape.dim(2), out = shape.dim(3);
        float[] theirs = new float[ours.length];
        for (int place = 0, from = 0; place < area; place++) {
            for (int i = 0; i < in; i++) {
                for (int o = 0; o < out; o++) theirs[(o * in + i) * area + place] = ours[from++];
            }
        }
        return theirs;
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
