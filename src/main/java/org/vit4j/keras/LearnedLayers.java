package org.vit4j.keras;

import static org.vit4j.keras.Network.config;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.Op;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Weight;

/**
 * Learned tables. Keras has no layer that is only a weight; the bias of an {@code EinsumDense} may span several axes
 * and is the nearest. Its kernel is zero and is given zeros: whatever optimizer trains the file in Keras sees a gradient
 * of zero there, so the helper stays what it is and the bias remains the whole table.
 */
final class LearnedLayers {
    private static final String AXES = "bcdefg";

    private LearnedLayers() {}

    static Node addLearned(Network net, Tensor t, Op.AddLearned add, Node x) {
        Node table = table(net, t.weights().get(0), x);
        return net.merge(t.name(), "Add", config(), t.shape(), List.of(x, table));
    }

    /** Each channel times its weight: an {@code EinsumDense} without sums. */
    static Node scaleLearned(Network net, Tensor t, Node x) {
        Weight gamma = t.weights().get(0);
        Map<String, Object> config = einsum(x.shape(), "");
        return net.layer(t.name(), "EinsumDense", config, t.shape(), List.of(Variable.of("kernel", gamma)), x);
    }

    static Node tokens(Network net, Tensor t, Op.Tokens tokens, Node x) {
        int given = x.shape().dim(0);
        int taken = Math.min(tokens.count(), given);
        Node like = x;
        if (tokens.count() > given) return table(net, t.weights().get(0));
        if (taken < given) like = ShapeLayers.slice(net, t.weights().get(0).name() + ".like", x, 0, 0, taken);
        return table(net, t.weights().get(0), like);
    }

    /** The weight for every example of the batch, where no tensor has its shape: a column over a single zero. */
    static Node table(Network net, Weight weight) {
        Shape column = Shape.of(Math.toIntExact(weight.size()), 1);
        Node zero = net.shared("zero", () -> zero(net));
        Node zeros = net.layer(weight.name() + ".zeros", "RepeatVector", config("n", column.dim(0)), column, zero);
        List<Variable> variables =
                List.of(Variable.filled("kernel", 0, Shape.of(1)), Variable.of("bias", weight, column));
        Map<String, Object> config = frozenIfFixed(weight, einsum(column, "bc"));
        Node table = net.layer(weight.name() + ".table", "EinsumDense", config, column, variables, zeros);
        return ShapeLayers.reshape(net, weight.name() + ".shaped", table, weight.shape());
    }

    /** [1], out of the input: Keras makes nothing that does not come from there. */
    private static Node zero(Network net) {
        Shape column = Shape.of(Math.toIntExact(net.input().shape().size()), 1);
        Node all = ShapeLayers.reshape(net, "zero.all", net.input(), column);
        Node first = ShapeLayers.slice(net, "zero.first", all, 0, 0, 1);
        return KerasLayers.scale(net, "zero", 0, ShapeLayers.reshape(net, "zero.flat", first, Shape.of(1)));
    }

    private static Map<String, Object> frozenIfFixed(Weight weight, Map<String, Object> config) {
        if (weight.role() == Role.FIXED) config.put("trainable", false);
        return config;
    }

    /** The weight for every example of the batch; of {@code like} only the shape matters. */
    private static Node table(Network net, Weight weight, Node like) {
        Node zeros = KerasLayers.scale(net, weight.name() + ".zeros", 0, like);
        Shape shape = like.shape();
        Map<String, Object> config = frozenIfFixed(weight, einsum(shape, AXES.substring(0, shape.rank())));
        List<Variable> variables =
                List.of(Variable.filled("kernel", 0, Shape.of(shape.last())), Variable.of("bias", weight));
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
