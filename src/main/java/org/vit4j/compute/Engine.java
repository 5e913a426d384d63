package org.vit4j.compute;

import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.accelerated.AcceleratedInference;
import org.vit4j.accelerated.AcceleratedStep;
import org.vit4j.graph.Graph;
import org.vit4j.onednn.Dnnl;
import org.vit4j.samediff.GradientStep;
import org.vit4j.samediff.Inference;
import org.vit4j.samediff.Lowering;
import org.vit4j.samediff.Parameters;
import org.vit4j.samediff.PortableInference;
import org.vit4j.samediff.PortableStep;

/** What a network runs on. */
public enum Engine {
    /** The accelerated engine where it can be had, else the portable one, with a line that says why. */
    AUTO,
    /** Plans of oneDNN kernels: CPUs with AVX2, float. */
    ACCELERATED,
    /** Stock ND4J operations on whatever backend there is. It defines what a network means. */
    PORTABLE;

    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    /** Said once, however many networks a process opens. */
    private static final AtomicBoolean TOLD = new AtomicBoolean();

    /** As a config writes it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Over parameters that may change between passes, as in training. */
    public Inference inference(Graph graph, Parameters parameters) {
        return inference(graph, parameters, false);
    }

    /** Over parameters that stay as they are, as in a saved model: what depends on them alone is worked out once. */
    public Inference fixedInference(Graph graph, Parameters parameters) {
        return inference(graph, parameters, true);
    }

    private Inference inference(Graph graph, Parameters parameters, boolean fixed) {
        return isAccelerated(parameters)
                ? new AcceleratedInference(graph, parameters, fixed)
                : new PortableInference(graph, parameters);
    }

    public GradientStep step(Graph graph, Parameters parameters, Lowering.Mode mode, GradientStep.Wanted wanted) {
        return isAccelerated(parameters)
                ? new AcceleratedStep(graph, parameters, mode, wanted)
                : new PortableStep(graph, parameters, mode, wanted);
    }

    /** @throws IllegalStateException when the accelerated engine was asked for by name and cannot be had */
    private boolean isAccelerated(Parameters parameters) {
        if (this == PORTABLE) return false;
        Optional<String> missing = missing(parameters);
        if (missing.isEmpty()) return true;
        if (this == ACCELERATED) throw new IllegalStateException("no accelerated engine: " + missing.get());
        if (TOLD.compareAndSet(false, true)) LOG.info("portable engine, which is slower: {}", missing.get());
        return false;
    }

    private static Optional<String> missing(Parameters parameters) {
        if (!Nd4j.getEnvironment().isCPU())
            return Optional.of("its kernels are the processor's, and ND4J runs on a card");
        if (parameters.trained().dataType() != DataType.FLOAT) return Optional.of("it computes in float only");
        return Dnnl.missing();
    }
}
