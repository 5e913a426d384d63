package org.vit4j.backend;

import java.util.Optional;
import org.vit4j.graph.Graph;

/**
 * A backend that is not part of this build.
 *
 * @param profile the Maven profile that adds it
 */
record MissingBackend(String configName, String title, String profile) implements BackendProvider {
    private Optional<String> reason() {
        return Optional.of("this build has no " + title + "; build one with 'mvn -P" + profile
                + " -DskipTests package' (docs/cuda.md)");
    }

    @Override
    public Optional<BackendProvider> on(String device) {
        return Optional.of(this);
    }

    @Override
    public Optional<String> unavailableReason(Precision precision) {
        return reason();
    }

    @Override
    public Optional<String> unavailableReason(ParameterStore parameters, Precision precision) {
        return reason();
    }

    @Override
    public Inference inference(Graph graph, ParameterStore parameters, boolean fixed, Precision precision) {
        throw new IllegalStateException(reason().orElseThrow());
    }

    @Override
    public GradientStep step(
            Graph graph, ParameterStore parameters, Mode mode, GradientStep.GradientSpec spec, Precision precision) {
        throw new IllegalStateException(reason().orElseThrow());
    }
}
