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
 * Builds the nodes of an ONNX graph. Value names are unique: dotted paths for the graph's tensors, and the path of the
 * tensor plus a suffix for intermediate values, {@code blocks.0.attn.scores/keys}.
 */
final class OnnxGraphBuilder {
    static final String BATCH = "batch";

    private final GraphProto.Builder graph = GraphProto.newBuilder();
    private final Map<String, Initializer> initializers = new LinkedHashMap<>();
    private final Map<String, Initializer.InitializerOrder> orders = new HashMap<>();
    private final Map<String, String> shared = new HashMap<>();
    private final Set<String> names = new HashSet<>();

    /** Adds a node with one output and returns the output's name. */
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

    /** Returns the value cached for a key, or creates it. */
    String shared(String key, Supplier<String> make) {
        String cached = shared.get(key);
        if (cached != null) return cached;
        String value = make.get();
        shared.put(key, value);
        return value;
    }

    /** Adds a parameter under its own name, unless another layer has added it. */
    String weight(Parameter weight, Initializer.InitializerOrder order) {
        Initializer.InitializerOrder before = orders.putIfAbsent(weight.name(), order);
        if (before == null) {
            claim(weight.name());
            initializers.put(weight.name(), Initializer.of(weight, order));
        } else if (before != order) {
            throw new IllegalStateException(weight.name() + " is used in two axis orders");
        }
        return weight.name();
    }

    String weight(Parameter weight) {
        return weight(weight, Initializer.InitializerOrder.SAME);
    }

    /** Adds a float constant. */
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

    /** Adds an integer list. Equal lists share one constant. */
    String list(long... values) {
        StringBuilder name = new StringBuilder("constant/list");
        for (long value : values) name.append('_').append(value);
        return shared(name.toString(), () -> ints(name.toString(), values, values.length));
    }

    /** Adds a float scalar. Equal scalars share one constant. */
    String number(double value) {
        String name = "constant/" + (float) value;
        return shared(name, () -> floats(name, new float[] {(float) value}));
    }

    /** Adds an integer scalar. Equal scalars share one constant. */
    String integer(long value) {
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

    /** Declares the shape of a value, [batch, dims]. */
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
        if (!names.add(name)) throw new IllegalStateException("duplicate value '" + name + "'");
    }

    GraphProto graph(String name) {
        return graph.clone().setName(name).build();
    }

    List<Initializer> initializers() {
        return new ArrayList<>(initializers.values());
    }

    static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeType.INT)
                .setI(value)
                .build();
    }

    static AttributeProto integers(String name, long... values) {
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
