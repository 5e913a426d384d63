package org.vit4j.keras;

import static org.vit4j.keras.Network.config;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Normalisations. Keras' standard epsilons and momentum are not PyTorch's, so both are always written. */
final class NormLayers {
    private NormLayers() {}

    static Node layerNorm(Network net, Tensor t, Op.LayerNorm norm, Node x) {
        if (norm.outside()) return outside(net, t, norm.epsilon(), x);
        List<Variable> variables = KerasLayers.variables(t.weights(), "gamma", "beta");
        Map<String, Object> config = config("axis", -1, "epsilon", norm.epsilon());
        return net.layer(t.name(), "LayerNormalization", config, t.shape(), variables, x);
    }

    /** Divided by (deviation + epsilon), as no layer does. */
    private static Node outside(Network net, Tensor t, double epsilon, Node x) {
        String path = t.name();
        Shape one = x.shape().with(x.shape().rank() - 1, 1);
        Node mean = net.op(path + ".mean", "Mean", config("axis", -1, "keepdims", true), one, List.of(x));
        Node centred = net.merge(path + ".centred", "Subtract", config(), x.shape(), List.of(x, mean));
        Node deviation = net.op(path + ".deviation", "Std", config("axis", -1, "keepdims", true), one, List.of(x));
        Node divisor = KerasLayers.shift(net, path + ".divisor", epsilon, deviation);
        Node scaled = net.op(path + ".scaled", "Divide", config(), x.shape(), List.of(centred, divisor));
        List<Variable> variables = KerasLayers.variables(t.weights(), "kernel", "bias");
        return net.layer(path, "EinsumDense", LearnedLayers.channels(x.shape()), t.shape(), variables, scaled);
    }

    static Node batchNorm(Network net, Tensor t, ImageOp.BatchNorm norm, Node x) {
        // PyTorch's momentum is the part of the batch, Keras' that of the past.
        Map<String, Object> config =
                config("axis", norm.axis() + 1, "epsilon", norm.epsilon(), "momentum", 1 - norm.momentum());
        List<Variable> variables =
                KerasLayers.variables(t.weights(), "gamma", "beta", "moving_mean", "moving_variance");
        return net.layer(t.name(), "BatchNormalization", config, t.shape(), variables, x);
    }

    static Node groupNorm(Network net, Tensor t, ImageOp.GroupNorm norm, Node x) {
        Map<String, Object> config = config("groups", norm.groups(), "axis", -1, "epsilon", norm.epsilon());
        List<Variable> variables = KerasLayers.variables(t.weights(), "gamma", "beta");
        return net.layer(t.name(), "GroupNormalization", config, t.shape(), variables, x);
    }
}
