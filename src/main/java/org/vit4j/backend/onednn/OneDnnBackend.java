package org.vit4j.backend.onednn;

import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.BackendProvider;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
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

    private Optional<String> unavailableReason() {
        if (!Nd4j.getEnvironment().isCPU()) return Optional.of("ND4J runs on a GPU, oneDNN needs its CPU backend");
        return Dnnl.unavailableReason();
    }

    @Override
    public Optional<String> unavailableReason(Precision precision) {
        Optional<String> reason = unavailableReason();
        if (reason.isPresent() || precision == Precision.FP32) return reason;
        if (precision == Precision.TF32)
            return Optional.of("tf32 is a format of GPUs, and the oneDNN backend runs on CPUs");
        if (Dnnl.hasBf16()) return reason;
        return Optional.of("the processor has neither AMX nor AVX-512 BF16");
    }

    @Override
    public Optional<String> unavailableReason(ParameterStore parameters, Precision precision) {
        if (parameters.trainable().dataType() != DataType.FLOAT) return Optional.of("oneDNN needs float parameters");
        return unavailableReason(precision);
    }

    @Override
    public Inference inference(Graph graph, ParameterStore parameters, boolean fixed, Precision precision) {
        return new OneDnnInference(graph, parameters, fixed, precision);
    }

    @Override
    public GradientStep step(
            Graph graph, ParameterStore parameters, Mode mode, GradientStep.GradientSpec spec, Precision precision) {
        return new OneDnnGradientStep(graph, parameters, mode, spec, precision);
    }
}
