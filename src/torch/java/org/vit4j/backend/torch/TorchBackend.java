package org.vit4j.backend.torch;

import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.BackendProvider;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.graph.Graph;

/** libtorch's operations on the CPU or a GPU, with gradients by autograd. Loads its libraries when it is first used. */
public final class TorchBackend implements BackendProvider {
    private final TorchDevice device;

    /** On the CPU. */
    public TorchBackend() {
        this(TorchDevice.CPU);
    }

    TorchBackend(TorchDevice device) {
        this.device = device;
    }

    @Override
    public Optional<BackendProvider> on(String deviceName) {
        return Optional.of(new TorchBackend(TorchDevice.named(deviceName)));
    }

    @Override
    public String configName() {
        return "torch";
    }

    @Override
    public String title() {
        return "libtorch";
    }

    @Override
    public Optional<String> unavailableReason(Precision precision) {
        if (precision != Precision.FP32) return Optional.of("the libtorch backend computes in fp32 only");
        return device.unavailableReason();
    }

    @Override
    public Optional<String> unavailableReason(ParameterStore parameters, Precision precision) {
        if (parameters.trainable().dataType() != DataType.FLOAT) return Optional.of("libtorch needs float parameters");
        return unavailableReason(precision);
    }

    @Override
    public Inference inference(Graph graph, ParameterStore parameters, boolean fixed, Precision precision) {
        return new TorchInference(graph, device, parameters, fixed);
    }

    @Override
    public GradientStep step(
            Graph graph, ParameterStore parameters, Mode mode, GradientStep.GradientSpec spec, Precision precision) {
        return new TorchGradientStep(graph, device, parameters, mode, spec);
    }
}
