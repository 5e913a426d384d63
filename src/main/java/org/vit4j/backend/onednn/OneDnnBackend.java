package org.vit4j.backend.onednn;

import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.BackendProvider;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;

/** Static plans of oneDNN kernels. Requires a CPU with AVX2 and float parameters. */
public final class OneDnnBackend implements BackendProvider {
    @Override
    public String configName() {
        return "onednn";
    }

    @Override
    public String title() {
        return "oneDNN";
    }

    @Override
    public Optional<String> unavailableReason() {
        if (!Nd4j.getEnvironment().isCPU()) return Optional.of("ND4J runs on a GPU, oneDNN needs its CPU backend");
        return Dnnl.unavailableReason();
    }

    @Override
    public Optional<String> unavailableReason(ParameterStore parameters) {
        if (parameters.trainable().dataType() != DataType.FLOAT) return Optional.of("oneDNN needs float parameters");
        return unavailableReason();
    }

    @Override
    public Inference inference(Graph graph, ParameterStore parameters, boolean fixed) {
        return new OneDnnInference(graph, parameters, fixed);
    }

    @Override
    public GradientStep step(Graph graph, ParameterStore parameters, Mode mode, GradientStep.GradientSpec spec) {
        return new OneDnnGradientStep(graph, parameters, mode, spec);
    }
}
