package org.vit4j.backend;

import java.util.Optional;
import org.vit4j.graph.Graph;

/**
 * An implementation that executes graphs. Results must agree with those of the SameDiff backend, the reference. {@link
 * Backend} lists all implementations.
 */
public interface BackendProvider {
    /** The word for it in configs and results. */
    String configName();

    /** The name in messages. */
    String title();

    /** This implementation on a device, {@code cpu} or {@code cuda:N}; empty if it does not compute there. */
    default Optional<BackendProvider> on(String device) {
        return device.equals(Backend.CPU) ? Optional.of(this) : Optional.empty();
    }

    /**
     * This implementation on the first GPU of the machine; empty if it does not compute on GPUs or no GPU can be used. If a
     * GPU is there that cannot be used, the log says why.
     */
    default Optional<BackendProvider> onUsableGpu() {
        return Optional.empty();
    }

    /** Returns true if its arrays are in the memory of the host. */
    default boolean isOnHost() {
        return true;
    }

    /** Joins processes that train together on devices of this kind. */
    default ProcessGroup join(ProcessGroup.Membership membership) {
        throw new UnsupportedOperationException(title() + " computes in one process");
    }

    /** Describes a failure of a device of this implementation; empty if an exception is none. */
    default Optional<DeviceFailure> deviceFailure(RuntimeException problem) {
        return Optional.empty();
    }

    /** The reason why it cannot compute with this precision on this machine; empty if it can. */
    Optional<String> unavailableReason(Precision precision);

    /** The reason why it cannot compute with these parameters on this machine; empty if it can. */
    Optional<String> unavailableReason(ParameterStore parameters, Precision precision);

    /** The parameters where it computes. Unless overridden, they stay on the host. */
    default DeviceParameters parameters(ParameterStore store) {
        return DeviceParameters.onHost(store);
    }

    /** Inference over parameters that this provider has made by {@link #parameters}. */
    default Inference inference(Graph graph, DeviceParameters parameters, Precision precision) {
        return inference(graph, parameters.store(), false, precision);
    }

    /** Loss and gradients for parameters that this provider has made by {@link #parameters}. */
    default GradientStep step(
            Graph graph, DeviceParameters parameters, Mode mode, GradientStep.GradientSpec spec, Precision precision) {
        return step(graph, parameters.store(), mode, spec, precision);
    }

    /** @param fixed whether the parameters are constant, so that values that depend only on them are computed once */
    Inference inference(Graph graph, ParameterStore parameters, boolean fixed, Precision precision);

    /** Creates the computation of loss and gradients. */
    GradientStep step(
            Graph graph, ParameterStore parameters, Mode mode, GradientStep.GradientSpec spec, Precision precision);
}
