package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/**
 * Learned tables. Keras has no layer that is only a weight; the bias of an {@code EinsumDense} may span several axes
 * and is the nearest. Its kernel is zero and is given zeros: whatever optimizer trains the file in Keras sees a gradient
 * of zero there, so the helper stays what it is and the bias remains the whole table.
 */
final class ParameterLayers {
    private static final String AXES = "bcdefg";

    private ParameterLayers() {}

    static KerasNode addLearned(KerasNetwork net, Tensor t, Op.AddParameter add, KerasNode x) {
        KerasNode table = table(net, t.parameters().get(0), x);
        return net.merge(t.name(), "Add", config(), t.shape(), List.of(x, table));
    }

    /** Each channel times its weight: an {@code EinsumDense} without sums. */
    static KerasNode scaleLearned(KerasNetwork net, Tensor t, KerasNode x) {
        Parameter gamma = t.parameters().get(0);
        Map<String, Object> config = einsum(x.shape(), "");
        return net.layer(t.name(), "EinsumDense", config, t.shape(), List.of(KerasVariable.of("kernel", gamma)), x);
    }

    static KerasNode tokens(KerasNetwork net, Tensor t, Op.LearnedTokens tokens, KerasNode x) {
        int given = x.shape().dim(0);
        int taken = Math.min(tokens.count(), given);
        KerasNode like = x;
        if (tokens.count() > given) return table(net, t.parameters().get(0));
        if (taken < given) like = ShapeLayers.slice(net, t.parameters().get(0).name() + ".like", x, 0, 0, taken);
        return table(net, t.parameters().get(0), like);
    }

    /** The weight for every example of the batch, where no tensor has its shape: a column over a single zero. */
    static KerasNode table(KerasNetwork net, Parameter weight) {
        Shape column = Shape.of(Math.toIntExact(weight.size()), 1);
        KerasNode zero = net.shared("zero", () -> zero(net));
        KerasNode zeros = net.layer(weight.name() + ".zeros", "RepeatVector", config("n", column.dim(0)), column, zero);
        List<KerasVariable> variables =
                List.of(KerasVariable.filled("kernel", 0, Shape.of(1)), KerasVariable.of("bias", weight, column));
        Map<String, Object> config = frozenIfFixed(weight, einsum(column, "bc"));
        KerasNode table = net.layer(weight.name() + ".table", "EinsumDense", config, column, variables, zeros);
        return ShapeLayers.reshape(net, weight.name() + ".shaped", table, weight.shape());
    }

    /** [1], out of the input: Keras makes nothing that does not come from there. */
    private static KerasNode zero(KerasNetwork net) {
        Shape column = Shape.of(Math.toIntExact(net.input().shape().size()), 1);
        KerasNode all = ShapeLayers.reshape(net, "zero.all", net.input(), column);
        KerasNode first = ShapeLayers.slice(net, "zero.first", all, 0, 0, 1);
        return KerasLayers.scale(net, "zero", 0, ShapeLayers.reshape(net, "zero.flat", first, Shape.of(1)));
    }

    private static Map<String, Object> frozenIfFixed(Parameter weight, Map<String, Object> config) {
        if (weight.role() == Role.CONSTANT) config.put("trainable", false);
        return config;
    }

    /** The weight for every example of the batch; of {@code like} only the shape matters. */
    private static KerasNode table(KerasNetwork net, Parameter weight, KerasNode like) {
        KerasNode zeros = KerasLayers.scale(net, weight.name() + ".zeros", 0, like);
        Shape shape = like.shape();
        Map<String, Object> config = frozenIfFixed(weight, einsum(shape, AXES.substring(0, shape.rank())));
        List<KerasVariable> variables =
                List.of(KerasVariable.filled("kernel", 0, Shape.of(shape.last())), KerasVariable.of("bias", weight));
        return net.layer(weight.name() + ".table", "EinsumDense", config, shape, variables, zeros);
    }

    /** Each channel times a kernel [C], plus a bias [C]. */
    static Map<String, Object> channels(Shape shape) {
        return einsum(shape, AXES.substring(shape.rank() - 1, shape.rank()));
    }

    /** {@code "abc,c->abc"}: the last axis times a kernel of its length, element by element. */
    private static Map<String, Object> einsum(Shape shape, String biasAxes) {
        String axes = AXES.substring(0, shape.rank());
        String last = axes.substring(axes.length() - 1);
        Map<String, Object> config =
                config("equation", "a" + axes + "," + last + "->a" + axes, "output_shape", shape.dims());
        if (!biasAxes.isEmpty()) config.put("bias_axes", biasAxes);
        return config;
    }
}
