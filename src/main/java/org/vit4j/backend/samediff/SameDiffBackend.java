package org.vit4j.backend.samediff;

import java.util.Optional;
import org.vit4j.backend.BackendProvider;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.graph.Graph;

/** Standard ND4J operations, on any ND4J backend and in any float type. The reference for other backends. */
public final class SameDiffBackend implements BackendProvider {
    @Override
    public String configName() {
        return "samediff";
    }

    @Override
    public String title() {
        return "SameDiff";
    }

    @Override
    public Optional<String> unavailableReason(Precision precision) {
        return precision == Precision.FP32
                ? Optional.empty()
                : Optional.of("the SameDiff backend computes in fp32 only");
    }

    @Override
    public Optional<String> unavailableReason(ParameterStore parameters, Precision precision) {
        return unavailableReason(precision);
    }

    /** Computes everything in each pass, also with fixed parameters. */
    @Override
    public Inference inference(Graph graph, ParameterStore parameters, boolean fixed, Precision precision) {
        return new SameDiffInference(graph, parameters);
    }

    @Override
    public GradientStep step(
            Graph graph, ParameterStore parameters, Mode mode, GradientStep.GradientSpec spec, Precision precision) {
        return new SameDiffGradientStep(graph, parameters, mode, spec);
    }
}
