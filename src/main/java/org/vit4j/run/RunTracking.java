package org.vit4j.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;
import org.vit4j.machine.Environment;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.ScalarTags;
import org.vit4j.report.EventFile;
import org.vit4j.tracking.MetricPoint;
import org.vit4j.tracking.MlflowConfig;
import org.vit4j.tracking.MlflowTracker;
import org.vit4j.tracking.MlflowTracker.Outcome;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/**
 * Logs a run directory to MLflow, if {@code output.mlflow} is set. The file {@code mlflow.json} holds the id of the MLflow
 * run, which a resumed run continues.
 */
final class RunTracking implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunTracking.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FILE = "mlflow.json";
    private static final String RUN_ID = "run_id";
    private static final String OWN_KEYS = "output.mlflow";
    private static final String TAG = "vit4j.";

    private final RunConfig config;
    /** Empty without MLflow, also after its server failed at the start. */
    private Optional<MlflowTracker> tracker;

    private RunTracking(RunConfig config, Optional<MlflowTracker> tracker) {
        this.config = config;
        this.tracker = tracker;
    }

    /** @throws ConfigError if the server does not answer, unless the run is below a parent run */
    static RunTracking connect(RunConfig config, Path directory) {
        Optional<MlflowConfig> mlflow = config.output().mlflow();
        try {
            return new RunTracking(config, mlflow.map(MlflowTracker::connect));
        } catch (NoClassDefFoundError e) {
            throw new ConfigError(
                    OWN_KEYS + ": MLflow's client is not on the class path; add org.mlflow:mlflow-client", e);
        } catch (ConfigError e) {
            failed(config, directory, e);
            return new RunTracking(config, Optional.empty());
        }
    }

    /**
     * Throws the failure of a server at the start of a run. Below a parent run, which was started before, it is a warning, as a
     * later failure: the run is trained without MLflow.
     */
    private static void failed(RunConfig config, Path directory, ConfigError failure) {
        if (!SweepTracking.isBelowParent(config)) throw failure;
        LOG.warn(
                "{}: {}; the run is trained without MLflow, and '{}' sends it when this is solved",
                directory.getFileName(),
                failure.getMessage(),
                ResumeCommand.of(directory));
    }

    /** Receives the progress of the training. */
    Callback callback() {
        return tracker.<Callback>map(t -> t.logSteps(config.output().logSteps()))
                .orElse(new Callback() {});
    }

    /**
     * Makes a run on the server, or continues that of the directory.
     *
     * @throws ConfigError if the server rejects it, unless the run is below a parent run
     */
    void start(RunDirectory run, boolean resume) {
        Map<String, String> parameters = Config.values(config.resolved(), config.name());
        parameters.keySet().removeIf(key -> key.equals(OWN_KEYS) || key.startsWith(OWN_KEYS + "."));
        try {
            start(run, resume, parameters);
        } catch (ConfigError e) {
            failed(config, run.path(), e);
            close();
            tracker = Optional.empty();
        }
    }

    void start(RunDirectory run, boolean resume, Map<String, String> parameters) {
        if (tracker.isEmpty()) return;
        MlflowConfig mlflow = config.output().mlflow().orElseThrow();
        Optional<String> before = resume ? runId(run.path()) : Optional.empty();
        Map<String, String> tags = tags(run.path(), before.isEmpty());
        tags.putAll(mlflow.tags());
        if (before.isPresent()) {
            tracker.get().resume(before.get(), parameters, tags);
            return;
        }
        String directory = run.path().toAbsolutePath().normalize().getFileName().toString();
        String id = tracker.get().start(mlflow.runName().orElse(directory), parameters, tags);
        run.write(FILE, JSON.createObjectNode().put(RUN_ID, id).toPrettyString() + "\n");
    }

    private Map<String, String> tags(Path directory, boolean first) {
        Map<String, String> environment = Environment.describeRun(Optional.empty());
        String command = environment.getOrDefault("command", config.name());
        String commit = environment.get("commit");
        Map<String, String> tags = new LinkedHashMap<>();
        tags.put("mlflow.source.name", command);
        tags.put("mlflow.source.type", "LOCAL");
        if (!commit.equals("unknown")) tags.put("mlflow.source.git.commit", commit);
        if (first) {
            tags.put(
                    "mlflow.note.content",
                    "`" + command + "`, in `" + directory + "` on " + environment.getOrDefault("host", "unknown"));
        }
        environment.forEach((key, value) -> {
            if (!key.equals("started") && !key.equals("command"))
                tags.put(TAG + (key.equals("vit4j") ? "version" : key), value);
        });
        tags.put(TAG + "config", config.name());
        tags.put(TAG + "directory", directory.toAbsolutePath().normalize().toString());
        return tags;
    }

    /** Returns the id of the MLflow run of a directory, if there is one. */
    static Optional<String> runId(Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) return Optional.empty();
        try {
            JsonNode id = JSON.readTree(Files.readAllBytes(file)).path(RUN_ID);
            if (id.isTextual()) return Optional.of(id.asText());
            throw new RunException(file + ": damaged (no " + RUN_ID + "); delete it to log to a new MLflow run");
        } catch (JsonProcessingException e) {
            throw new RunException(file + ": damaged (invalid JSON); delete it to log to a new MLflow run", e);
        } catch (IOException e) {
            throw new RunException(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    /** Sends the values up to the state of a checkpoint that the server does not have, for example after a crash. */
    void catchUp(Path directory, TrainState state) {
        if (tracker.isEmpty()) return;
        Map<String, Long> times = new LinkedHashMap<>(); // of the epochs
        List<MetricPoint> values = new ArrayList<>();
        for (Path file : EventFile.files(directory)) {
            for (EventFile.EventScalar scalar : EventFile.read(file)) {
                long millis = (long) (scalar.wallTime() * 1e3);
                times.put(scalar.tag() + scalar.step(), millis);
                if (scalar.tag().startsWith(ScalarTags.STEP))
                    values.add(new MetricPoint(scalar.tag(), scalar.value(), scalar.step(), millis));
            }
        }
        long now = System.currentTimeMillis();
        for (EpochMetrics epoch : state.history()) {
            Map<String, Double> scalars = new LinkedHashMap<>(ScalarTags.of(epoch));
            scalars.putAll(best(state, epoch.epoch()));
            long time = times.getOrDefault("val/loss" + epoch.epoch(), now);
            scalars.forEach((tag, value) -> values.add(new MetricPoint(tag, value, epoch.epoch(), time)));
        }
        tracker.get().log(values.stream().filter(tracker.get()::isNew).toList());
    }

    private Map<String, Double> best(TrainState state, int epoch) {
        List<EpochMetrics> until = state.history().subList(0, epoch);
        return BestEpoch.of(until, config.train().best())
                .filter(best -> best.epoch() == epoch)
                .map(best -> ScalarTags.best(best.epoch(), best.loss(), best.top1()))
                .orElse(Map.of());
    }

    /**
     * Sends the rest and the files, and ends the run on the server.
     *
     * @param stop returns true after an interrupt
     */
    void end(Outcome outcome, Path directory, BooleanSupplier stop) {
        if (tracker.isEmpty()) return;
        List<Path> files = config.output().mlflow().orElseThrow().artifacts().stream()
                .filter(artifact -> !artifact.isModel() || outcome == Outcome.FINISHED)
                .map(artifact -> directory.resolve(artifact.file()))
                .filter(Files::exists)
                .toList();
        end(outcome, files, stop);
    }

    void end(Outcome outcome, List<Path> files, BooleanSupplier stop) {
        tracker.ifPresent(t -> t.end(outcome, files, stop));
    }

    @Override
    public void close() {
        tracker.ifPresent(MlflowTracker::close);
    }
}
