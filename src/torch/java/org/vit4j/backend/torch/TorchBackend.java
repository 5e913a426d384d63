package org.vit4j.backend.torch;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.backend.BackendProvider;
import org.vit4j.backend.DeviceFailure;
import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;

/** libtorch's operations on the CPU or a GPU, with gradients by autograd. Loads its libraries when it is first used. */
public final class TorchBackend implements BackendProvider {
    private static final Logger LOG = LoggerFactory.getLogger(TorchBackend.class);

    /** Limits the message about a GPU that cannot be used to one per process. */
    private static final AtomicBoolean REPORTED = new AtomicBoolean();

    private final TorchDevice device;
    private final boolean fusesAttention;

    /** On the CPU. */
    public TorchBackend() {
        this(TorchDevice.CPU, true);
    }

    /** @param fusesAttention whether attention is one operation where its maps are not read */
    TorchBackend(TorchDevice device, boolean fusesAttention) {
        this.device = device;
        this.fusesAttention = fusesAttention;
    }

    @Override
    public Optional<BackendProvider> on(String deviceName) {
        return Optional.of(new TorchBackend(TorchDevice.named(deviceName), fusesAttention));
    }

    @Override
    public Optional<BackendProvider> onUsableGpu() {
        if (!TorchInstallation.mayHaveGpu()) return Optional.empty();
        TorchDevice first = TorchDevice.named("cuda:0");
        Optional<String> reason = first.unavailableReason();
        if (reason.isEmpty()) return Optional.of(new TorchBackend(first, fusesAttention));
        if (REPORTED.compareAndSet(false, true)) LOG.warn("computing on the CPU: {}", reason.get());
        return Optional.empty();
    }

    @Override
    public boolean isOnHost() {
        return !device.isCuda();
    }

    @Override
    public ProcessGroup join(ProcessGroup.Membership membership) {
        try {
            return new TorchProcessGroup(membership);
        } catch (LinkageError e) { // NCCL's library is loaded here
            throw new ConfigError("train.device: " + TorchInstallation.loadReason(e));
        }
    }

    @Override
    public Optional<DeviceFailure> deviceFailure(RuntimeException problem) {
        return TorchFailures.of(problem);
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
        if (precision == Precision.TF32 && !device.isCuda())
            return Optional.of("tf32 is a format of GPUs, and train.device is " + device.name());
        return device.unavailableReason();
    }

    @Override
    public Optional<String> unavailableReason(ParameterStore parameters, Precision precision) {
        if (parameters.trainable().dataType() != DataType.FLOAT) return Optional.of("libtorch needs float parameters");
        return unavailableReason(precision);
    }

    private TorchSettings settings(Precision precision) {
        return new TorchSettings(device, precision, fusesAttention);
    }

    @Override
    public DeviceParameters parameters(ParameterStore store) {
        return new TorchDeviceParameters(device, store);
    }

    @Override
    public Inference inference(Graph graph, ParameterStore parameters, boolean fixed, Precision precision) {
        TorchParameterUse use = fixed ? TorchParameterUse.CONSTANT : TorchParameterUse.STORE;
        return new TorchInference(graph, settings(precision), new TorchDeviceParameters(device, parameters), use);
    }

    @Override
    public Inference inference(Graph graph, DeviceParameters parameters, Precision precision) {
        return new TorchInference(
                graph, settings(precision), (TorchDeviceParameters) parameters, TorchParameterUse.DEVICE);
    }

    @Override
    public GradientStep step(
            Graph graph, ParameterStore parameters, Mode mode, GradientStep.GradientSpec spec, Precision precision) {
        var flat = new TorchDeviceParameters(device, parameters);
        return new TorchGradientStep(graph, settings(precision), flat, TorchParameterUse.STORE, mode, spec);
    }

    @Override
    public GradientStep step(
            Graph graph, DeviceParameters parameters, Mode mode, GradientStep.GradientSpec spec, Precision precision) {
        var flat = (TorchDeviceParameters) parameters;
        return new TorchGradientStep(graph, settings(precision), flat, TorchParameterUse.DEVICE, mode, spec);
    }
}
