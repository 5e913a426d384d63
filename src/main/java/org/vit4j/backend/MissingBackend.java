package org.vit4j.backend;

import java.util.Optional;
import org.vit4j.graph.Graph;

/**
 * A backend that is not part of this build.
 *
 * @param profiles the Maven profiles that add it, for the CPU and for a GPU
 */
record MissingBackend(String configName, String title, MissingProfiles profiles, boolean onGpu)
        implements BackendProvider {
    /** Arguments of {@code mvn -P}. */
    record MissingProfiles(String cpu, String gpu) {}

    private Optional<String> reason() {
        return Optional.of("this build has no " + title + "; build one with 'mvn -P"
                + (onGpu ? profiles.gpu() : profiles.cpu()) + " -DskipTests package' (docs/cuda.md)");
    }

    @Override
    public Optional<BackendProvider> on(String device) {
        return Optional.of(new MissingBackend(configName, title, profiles, !device.equals(Backend.CPU)));
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
