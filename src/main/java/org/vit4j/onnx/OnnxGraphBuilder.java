package org.vit4j.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import onnx.OnnxMl.AttributeProto;
import onnx.OnnxMl.AttributeProto.AttributeType;
import onnx.OnnxMl.GraphProto;
import onnx.OnnxMl.NodeProto;
import onnx.OnnxMl.TensorProto.DataType;
import onnx.OnnxMl.TensorShapeProto;
import onnx.OnnxMl.TypeProto;
import onnx.OnnxMl.ValueInfoProto;
import org.vit4j.graph.Parameter;

/**
 * Makes the nodes of an ONNX graph. A value has one name; ours are dotted paths, what stands between them is named below
 * the tensor it serves: {@code blocks.0.attn.scores/keys}.
 */
final class OnnxGraphBuilder {
    static final String BATCH = "batch";

    private final GraphProto.Builder graph = GraphProto.newBuilder();
    private final Map<String, Initializer> initializers = new LinkedHashMap<>();
    private final Map<String, Initializer.InitializerOrder> orders = new HashMap<>();
    private final Map<String, String> shared = new HashMap<>();
    private final Set<String> names = new HashSet<>();

    /** An operation with one result, which gets the name {@code out}. */
    String node(String type, String out, List<String> in, AttributeProto... attributes) {
        node(type, List.of(out), in, attributes);
        return out;
    }

    void node(String type, List<String> out, List<String> in, AttributeProto... attributes) {
        for (String name : out) claim(name);
        graph.addNode(NodeProto.newBuilder()
                .setName(out.get(0))
                .setOpType(type)
                .addAllInput(in)
                .addAllOutput(out)
                .addAllAttribute(Arrays.asList(attributes)));
    }

    /** Makes a value once and gives it to everyone who asks with the same key. */
    String shared(String key, Supplier<String> make) {
        String known = shared.get(key);
        if (known != null) return known;
        String made = make.get();
        shared.put(key, made);
        return made;
    }

    /** A weight under its own name, which layers may share. */
    String weight(Parameter weight, Initializer.InitializerOrder order) {
        Initializer.InitializerOrder before = orders.putIfAbsent(weight.name(), order);
        if (before == null) {
            claim(weight.name());
            initializers.put(weight.name(), Initializer.of(weight, order));
        } else if (before != order) {
            throw new IllegalStateException(weight.name() + " is needed in two orders of its axes");
        }
        return weight.name();
    }

    String weight(Parameter weight) {
        return weight(weight, Initializer.InitializerOrder.SAME);
    }

    /** A constant that one operation needs. */
    String floats(String name, float[] values, long... dims) {
        claim(name);
        initializers.put(name, Initializer.floats(name, values, dims));
        return name;
    }

    String ints(String name, long[] values, long... dims) {
        claim(name);
        initializers.put(name, Initializer.ints(name, values, dims));
        return name;
    }

    /** A list of whole numbers; the same list is the same constant. */
    String list(long... values) {
        StringBuilder name = new StringBuilder("constant/list");
        for (long value : values) name.append('_').append(value);
        return shared(name.toString(), () -> ints(name.toString(), values, values.length));
    }

    /** A number that stands for itself; the same number is the same constant. */
    String number(double value) {
        String name = "constant/" + (float) value;
        return shared(name, () -> floats(name, new float[] {(float) value}));
    }

    String whole(long value) {
        String name = "constant/whole_" + value;
        return shared(name, () -> ints(name, new long[] {value}));
    }

    void input(String name, DataType type, List<Integer> dims) {
        claim(name);
        graph.addInput(info(name, type, dims));
    }

    void output(String name, List<Integer> dims) {
        graph.addOutput(info(name, DataType.FLOAT, dims));
    }

    /** Says which shape a value has, the batch in front of {@code dims}. */
    void shape(String name, List<Integer> dims) {
        graph.addValueInfo(info(name, DataType.FLOAT, dims));
    }

    private static ValueInfoProto info(String name, DataType type, List<Integer> dims) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        shape.addDimBuilder().setDimParam(BATCH);
        for (int dim : dims) shape.addDimBuilder().setDimValue(dim);
        TypeProto.Tensor tensor = TypeProto.Tensor.newBuilder()
                .setElemType(type.getNumber())
                .setShape(shape)
                .build();
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }

    private void claim(String name) {
        if (!names.add(name)) throw new IllegalStateException("value '" + name + "' stands twice");
    }

    GraphProto graph(String name) {
        return graph.clone().setName(name).build();
    }

    List<Initializer> initializers() {
        return new ArrayList<>(initializers.values());
    }

    static AttributeProto whole(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeType.INT)
                .setI(value)
                .build();
    }

    static AttributeProto wholes(String name, long... values) {
        AttributeProto.Builder list = AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
        for (long value : values) list.addInts(value);
        return list.build();
    }

    static AttributeProto real(String name, double value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeType.FLOAT)
                .setF((float) value)
                .build();
    }
}
