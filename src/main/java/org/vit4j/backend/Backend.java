package org.vit4j.backend;

import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.machine.JavaCppLogging;
import org.vit4j.backend.onednn.Dnnl;
import org.vit4j.backend.onednn.OneDnnGradientStep;
import org.vit4j.backend.onednn.OneDnnInference;
import org.vit4j.backend.samediff.SameDiffGradientStep;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;

/** What a network runs on. */
public enum Backend {
    /** The accelerated engine where it can be had, else the portable one, with a line that says why. */
    AUTO,
    /** Plans of oneDNN kernels: CPUs with AVX2, float. */
    ONEDNN,
    /** Stock ND4J operations on whatever backend there is. It defines what a network means. */
    SAMEDIFF;

    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);

    static {
        JavaCppLogging.useSlf4j();
    }

    /** Said once, however many networks a process opens. */
    private static final AtomicBoolean REPORTED = new AtomicBoolean();

    /** As a config writes it. */
    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Over parameters that may change between passes, as in training. */
    public Inference inference(Graph graph, ParameterStore parameters) {
        return inference(graph, parameters, false);
    }

    /** Over parameters that stay as they are, as in a saved model: what depends on them alone is worked out once. */
    public Inference fixedInference(Graph graph, ParameterStore parameters) {
        return inference(graph, parameters, true);
    }

    private Inference inference(Graph graph, ParameterStore parameters, boolean fixed) {
        return usesOneDnn(parameters)
                ? new OneDnnInference(graph, parameters, fixed)
                : new SameDiffInference(graph, parameters);
    }

    public GradientStep step(
            Graph graph, ParameterStore parameters, SameDiffLowering.Mode mode, GradientStep.GradientSpec wanted) {
        return usesOneDnn(parameters)
                ? new OneDnnGradientStep(graph, parameters, mode, wanted)
                : new SameDiffGradientStep(graph, parameters, mode, wanted);
    }

    /**
     * Checks that this machine can run the engine, before anything is written.
     *
     * @throws ConfigError when the config names the accelerated engine and this machine cannot run it
     */
    public void check() {
        if (this == ONEDNN) machine().ifPresent(Backend::refuse);
    }

    private static void refuse(String reason) {
        throw new ConfigError("train.engine: accelerated cannot run here: " + reason + "; use auto or portable");
    }

    /** @throws ConfigError when the config names the accelerated engine and this machine cannot run it */
    private boolean usesOneDnn(ParameterStore parameters) {
        if (this == SAMEDIFF) return false;
        Optional<String> missing = unavailable(parameters);
        if (missing.isEmpty()) return true;
        if (this == ONEDNN) refuse(missing.get());
        if (REPORTED.compareAndSet(false, true)) LOG.info("portable engine, which is slower: {}", missing.get());
        return false;
    }

    private static Optional<String> unavailable(ParameterStore parameters) {
        if (parameters.trainable().dataType() != DataType.FLOAT) return Optional.of("it computes in float only");
        return machine();
    }

    /** The reason why this machine cannot run the accelerated engine; empty when it can. */
    private static Optional<String> machine() {
        if (!Nd4j.getEnvironment().isCPU())
            return Optional.of("its kernels are the processor's, and ND4J runs on a card");
        return Dnnl.missing();
    }
}
