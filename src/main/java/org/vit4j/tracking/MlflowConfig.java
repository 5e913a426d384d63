package org.vit4j.tracking;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.config.Section;

/**
 * {@code output.mlflow}: the server and experiment that a run is logged to.
 *
 * @param uri of the tracking server; MLFLOW_TRACKING_URI if empty
 * @param experiment created if it does not exist; MLFLOW_EXPERIMENT_NAME if empty, else {@code Default}
 * @param runName name of the MLflow run; that of the run directory if empty
 * @param tags of the MLflow run; they replace those that vit4j sets
 * @param artifacts uploaded when the run ends
 */
public record MlflowConfig(
        Optional<String> uri,
        Optional<String> experiment,
        Optional<String> runName,
        Map<String, String> tags,
        List<MlflowArtifact> artifacts) {
    private static final String KEY = "mlflow";

    /** File or files of a run directory that can be uploaded. */
    public enum MlflowArtifact {
        /** Resolved config. */
        CONFIG("config.yaml"),
        /** Report page. */
        REPORT("report.html"),
        /** Metrics of all epochs. */
        METRICS("metrics.jsonl"),
        /** Best model, when the run is finished. */
        BEST("model.keras"),
        /** Model after the last epoch, when the run is finished. */
        LAST("last.keras");

        private final String file;

        MlflowArtifact(String file) {
            this.file = file;
        }

        /** Name of the file in a run directory. */
        public String file() {
            return file;
        }

        /** Returns true for a model, which is uploaded only when the run is finished. */
        public boolean isModel() {
            return this == BEST || this == LAST;
        }
    }

    private static final List<MlflowArtifact> DEFAULT_ARTIFACTS = List.of(MlflowArtifact.CONFIG, MlflowArtifact.REPORT);

    public MlflowConfig {
        uri.flatMap(MlflowTarget::problem).ifPresent(problem -> {
            throw new IllegalArgumentException("uri (" + MlflowTarget.withoutPassword(uri.get()) + ") " + problem);
        });
        tags = Map.copyOf(tags);
        artifacts = List.copyOf(artifacts);
    }

    /** A server, with the defaults for everything else. */
    public static MlflowConfig of(String uri) {
        return new MlflowConfig(Optional.of(uri), Optional.empty(), Optional.empty(), Map.of(), DEFAULT_ARTIFACTS);
    }

    /** Returns this config with another experiment. */
    public MlflowConfig withExperiment(String name) {
        return new MlflowConfig(uri, Optional.of(name), runName, tags, artifacts);
    }

    /** Returns this config with another tag, unless it has a tag of that name. */
    public MlflowConfig withTag(String name, String value) {
        Map<String, String> all = new LinkedHashMap<>(tags);
        all.putIfAbsent(name, value);
        return new MlflowConfig(uri, experiment, runName, all, artifacts);
    }

    /**
     * Reads the key {@code mlflow} of a section: a section, the address of a server, or {@code true} for the server of
     * MLFLOW_TRACKING_URI. Empty if it is absent or switched off.
     */
    public static Optional<MlflowConfig> read(Section output) {
        if (!output.has(KEY) || output.isOff(KEY)) return Optional.empty();
        if (output.isSection(KEY)) return readSection(output.section(KEY));
        boolean fromEnvironment = output.isOn(KEY) && output.boolAt(KEY, true);
        Optional<String> uri = fromEnvironment ? Optional.empty() : Optional.of(output.stringAt(KEY));
        Optional<String> problem = uri.flatMap(MlflowTarget::problem);
        if (problem.isPresent()) {
            output.reject(KEY, "'" + MlflowTarget.withoutPassword(uri.get()) + "' " + problem.get());
            return Optional.empty();
        }
        return Optional.of(new MlflowConfig(uri, Optional.empty(), Optional.empty(), Map.of(), DEFAULT_ARTIFACTS));
    }

    private static Optional<MlflowConfig> readSection(Section s) {
        Optional<String> uri = s.optionalString("uri");
        Optional<String> experiment = s.optionalString("experiment");
        Optional<String> runName = s.optionalString("run_name");
        Map<String, String> tags = s.has("tags") ? s.stringsByName("tags") : Map.of();
        boolean none = s.isOff("artifacts") && !s.boolAt("artifacts", false);
        List<MlflowArtifact> artifacts =
                none ? List.of() : s.enumsAt("artifacts", MlflowArtifact.class, DEFAULT_ARTIFACTS);
        return s.build(() -> new MlflowConfig(uri, experiment, runName, tags, artifacts));
    }
}
