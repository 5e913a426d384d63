package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/**
 * Learned tables, such as position embeddings. Keras has no layer that is only a weight, so a table is the bias of an
 * {@code EinsumDense}, which may span several axes. Its kernel is zero and its input is zero, so the kernel's gradient
 * is zero in Keras and the output remains exactly the bias.
 */
final class ParameterLayers {
    private static final String AXES = "bcdefg";

    private ParameterLayers() {}

    static KerasNode addParameter(KerasNetwork net, Tensor t, ParameterOp.AddParameter add, KerasNode x) {
        KerasNode table = table(net, t.parameters().get(0), x);
        return net.merge(t.name(), "Add", config(), t.shape(), List.of(x, table));
    }

    /** Multiplies each channel by its weight: an {@code EinsumDense} without a sum. */
    static KerasNode layerScale(KerasNetwork net, Tensor t, KerasNode x) {
        Parameter gamma = t.parameters().get(0);
        Map<String, Object> config = einsum(x.shape(), "");
        return net.layer(t.name(), "EinsumDense", config, t.shape(), List.of(KerasVariable.of("kernel", gamma)), x);
    }

    static KerasNode tokens(KerasNetwork net, Tensor t, ParameterOp.LearnedTokens tokens, KerasNode x) {
        int available = x.shape().dim(0);
        int count = Math.min(tokens.count(), available);
        KerasNode like = x;
        if (tokens.count() > available) return table(net, t.parameters().get(0));
        if (count < available)
            like = ShapeLayers.slice(net, t.parameters().get(0).name() + ".like", x, 0, 0, count);
        return table(net, t.parameters().get(0), like);
    }

    /** Repeats a parameter for each example where no tensor of its shape exists, starting from a single zero. */
    static KerasNode table(KerasNetwork net, Parameter weight) {
        Shape column = Shape.of(Math.toIntExact(weight.size()), 1);
        KerasNode zero = net.shared("zero", () -> zero(net));
        KerasNode zeros = net.layer(weight.name() + ".zeros", "RepeatVector", config("n", column.dim(0)), column, zero);
        List<KerasVariable> variables =
                List.of(KerasVariable.filled("kernel", 0, Shape.of(1)), KerasVariable.of("bias", weight, column));
        Map<String, Object> config = frozenIfConstant(weight, einsum(column, "bc"));
        KerasNode table = net.layer(weight.name() + ".table", "EinsumDense", config, column, variables, zeros);
        return ShapeLayers.reshape(net, weight.name() + ".shaped", table, weight.shape());
    }

    /** Zero of shape [1], derived from the input: every Keras tensor must depend on it. */
    private static KerasNode zero(KerasNetwork net) {
        Shape column = Shape.of(Math.toIntExact(net.input().shape().size()), 1);
        KerasNode all = ShapeLayers.reshape(net, "zero.all", net.input(), column);
        KerasNode first = ShapeLayers.slice(net, "zero.first", all, 0, 0, 1);
        return KerasLayers.scale(net, "zero", 0, ShapeLayers.reshape(net, "zero.flat", first, Shape.of(1)));
    }

    private static Map<String, Object> frozenIfConstant(Parameter weight, Map<String, Object> config) {
        if (weight.role() == Role.CONSTANT) config.put("trainable", false);
        return config;
    }

    /** Repeats a parameter for each example. Uses only the shape of {@code like}. */
    private static KerasNode table(KerasNetwork net, Parameter weight, KerasNode like) {
        KerasNode zeros = KerasLayers.scale(net, weight.name() + ".zeros", 0, like);
        Shape shape = like.shape();
        Map<String, Object> config = frozenIfConstant(weight, einsum(shape, AXES.substring(0, shape.rank())));
        List<KerasVariable> variables =
                List.of(KerasVariable.filled("kernel", 0, Shape.of(shape.last())), KerasVariable.of("bias", weight));
        return net.layer(weight.name() + ".table", "EinsumDense", config, shape, variables, zeros);
    }

    /** Multiplies each channel by a kernel [C] and adds a bias [C]. */
    static Map<String, Object> channels(Shape shape) {
        return einsum(shape, AXES.substring(shape.rank() - 1, shape.rank()));
    }

    /** {@code "abc,c->abc"}: multiplies the last axis elementwise by a kernel. */
    private static Map<String, Object> einsum(Shape shape, String biasAxes) {
        String axes = AXES.substring(0, shape.rank());
        String last = axes.substring(axes.length() - 1);
        Map<String, Object> config =
                config("equation", "a" + axes + "," + last + "->a" + axes, "output_shape", shape.dims());
        if (!biasAxes.isEmpty()) config.put("bias_axes", biasAxes);
        return config;
    }
}
