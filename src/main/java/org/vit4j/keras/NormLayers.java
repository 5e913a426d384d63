package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Normalization layers. Always writes epsilon and momentum, because Keras' defaults differ from PyTorch's. */
final class NormLayers {
    private NormLayers() {}

    static KerasNode layerNorm(KerasNetwork net, Tensor t, NormOp.LayerNorm norm, KerasNode x) {
        if (norm.epsilonOutside()) return epsilonOutside(net, t, norm.epsilon(), x);
        List<KerasVariable> variables = KerasLayers.variables(t.parameters(), "gamma", "beta");
        Map<String, Object> config = config("axis", -1, "epsilon", norm.epsilon());
        return net.layer(t.name(), "LayerNormalization", config, t.shape(), variables, x);
    }

    /** Divides by (standard deviation + epsilon), which no Keras layer does. */
    private static KerasNode epsilonOutside(KerasNetwork net, Tensor t, double epsilon, KerasNode x) {
        String path = t.name();
        Shape reduced = x.shape().with(x.shape().rank() - 1, 1);
        KerasNode mean = net.op(path + ".mean", "Mean", config("axis", -1, "keepdims", true), reduced, List.of(x));
        KerasNode centered = net.merge(path + ".centered", "Subtract", config(), x.shape(), List.of(x, mean));
        KerasNode deviation =
                net.op(path + ".deviation", "Std", config("axis", -1, "keepdims", true), reduced, List.of(x));
        KerasNode divisor = KerasLayers.shift(net, path + ".divisor", epsilon, deviation);
        KerasNode scaled = net.op(path + ".scaled", "Divide", config(), x.shape(), List.of(centered, divisor));
        List<KerasVariable> variables = KerasLayers.variables(t.parameters(), "kernel", "bias");
        return net.layer(path, "EinsumDense", ParameterLayers.channels(x.shape()), t.shape(), variables, scaled);
    }

    static KerasNode batchNorm(KerasNetwork net, Tensor t, NormOp.BatchNorm norm, KerasNode x) {
        // PyTorch's momentum is the weight of the new batch, Keras' that of the running value.
        Map<String, Object> config =
                config("axis", norm.axis() + 1, "epsilon", norm.epsilon(), "momentum", 1 - norm.momentum());
        List<KerasVariable> variables =
                KerasLayers.variables(t.parameters(), "gamma", "beta", "moving_mean", "moving_variance");
        return net.layer(t.name(), "BatchNormalization", config, t.shape(), variables, x);
    }

    static KerasNode groupNorm(KerasNetwork net, Tensor t, NormOp.GroupNorm norm, KerasNode x) {
        Map<String, Object> config = config("groups", norm.groups(), "axis", -1, "epsilon", norm.epsilon());
        List<KerasVariable> variables = KerasLayers.variables(t.parameters(), "gamma", "beta");
        return net.layer(t.name(), "GroupNormalization", config, t.shape(), variables, x);
    }
}
