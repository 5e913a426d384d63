package org.vit4j.backend;

import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.backend.onednn.Dnnl;
import org.vit4j.backend.onednn.OneDnnGradientStep;
import org.vit4j.backend.onednn.OneDnnInference;
import org.vit4j.backend.samediff.SameDiffGradientStep;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.machine.JavaCppLogging;

/** The implementations that execute a graph. */
public enum Backend {
    /** The oneDNN backend where it is available; otherwise the SameDiff backend, and the log says why. */
    AUTO,
    /** Static plans of oneDNN kernels. Requires a CPU with AVX2 and float parameters. */
    ONEDNN,
    /**
     * Standard ND4J operations, on any ND4J backend and in any float type. The reference: other backends must agree
     * with it.
     */
    SAMEDIFF;

    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);

    static {
        JavaCppLogging.useSlf4j();
    }

    /** Limits the message about the SameDiff backend to one per process. */
    private static final AtomicBoolean REPORTED = new AtomicBoolean();

    /**
     * Finds a backend by its name in configs; {@code accelerated} and {@code portable}, the names of earlier versions, stand
     * for onednn and samediff.
     */
    public static Backend named(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "accelerated" -> ONEDNN;
            case "portable" -> SAMEDIFF;
            default -> valueOf(name.toUpperCase(Locale.ROOT));
        };
    }

    /** The word for this backend in configs and results. */
    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Inference over parameters that may change between passes, as in training. */
    public Inference inference(Graph graph, ParameterStore parameters) {
        return inference(graph, parameters, false);
    }

    /** Inference over constant parameters, as of a saved model: values that depend only on them are computed once. */
    public Inference fixedInference(Graph graph, ParameterStore parameters) {
        return inference(graph, parameters, true);
    }

    private Inference inference(Graph graph, ParameterStore parameters, boolean fixed) {
        return usesOneDnn(parameters)
                ? new OneDnnInference(graph, parameters, fixed)
                : new SameDiffInference(graph, parameters);
    }

    /** Creates the computation of loss and gradients. */
    public GradientStep step(Graph graph, ParameterStore parameters, Mode mode, GradientStep.GradientSpec spec) {
        return usesOneDnn(parameters)
                ? new OneDnnGradientStep(graph, parameters, mode, spec)
                : new SameDiffGradientStep(graph, parameters, mode, spec);
    }

    /**
     * Checks that this machine can run the backend, before anything is written.
     *
     * @throws ConfigError if this is {@link #ONEDNN} and oneDNN is not available
     */
    public void check() {
        if (this == ONEDNN) machineReason().ifPresent(Backend::refuse);
    }

    private static void refuse(String reason) {
        throw new ConfigError("train.backend: onednn is not available: " + reason + "; use auto or samediff");
    }

    /** @throws ConfigError if this is {@link #ONEDNN} and oneDNN is not available */
    private boolean usesOneDnn(ParameterStore parameters) {
        if (this == SAMEDIFF) return false;
        Optional<String> reason = unavailableReason(parameters);
        if (reason.isEmpty()) return true;
        if (this == ONEDNN) refuse(reason.get());
        if (REPORTED.compareAndSet(false, true)) LOG.info("using the slower SameDiff backend: {}", reason.get());
        return false;
    }

    private static Optional<String> unavailableReason(ParameterStore parameters) {
        if (parameters.trainable().dataType() != DataType.FLOAT) return Optional.of("oneDNN needs float parameters");
        return machineReason();
    }

    /** The reason why oneDNN cannot run on this machine; empty if it can. */
    private static Optional<String> machineReason() {
        if (!Nd4j.getEnvironment().isCPU()) return Optional.of("ND4J runs on a GPU, oneDNN needs its CPU backend");
        return Dnnl.unavailableReason();
    }
}
