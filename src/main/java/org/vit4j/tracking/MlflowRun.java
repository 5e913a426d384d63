package org.vit4j.tracking;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.LogBatch;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Param;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.api.proto.Service.UpdateRun;
import org.vit4j.config.ConfigError;
import org.vit4j.tracking.MlflowServer.MlflowFailure;

/** One run on an MLflow server, new or continued. */
final class MlflowRun {
    /** MLflow's limit of a request, for parameters and for tags. */
    private static final int BATCH = 100;

    private static final String UPDATE = "runs/update";
    private static final String ACTIVE = "active";
    private static final String RESUMED = "resumed.";

    private final MlflowServer server;
    private final RunInfo info;
    private final Map<String, String> parameters = new HashMap<>();
    private final Map<String, Long> lastSteps = new HashMap<>();

    private MlflowRun(MlflowServer server, Run run) {
        this.server = server;
        this.info = run.getInfo();
        run.getData().getParamsList().forEach(param -> parameters.put(param.getKey(), param.getValue()));
        for (Metric latest : run.getData().getMetricsList()) lastSteps.put(latest.getKey(), latest.getStep());
    }

    /** Returns the id of the experiment, which is made if it does not exist. */
    static String experiment(MlflowServer server) throws MlflowFailure {
        Optional<String> id = server.target().experimentId();
        String name = server.target().experiment();
        Optional<Experiment> found = id.isPresent()
                ? Optional.of(server.call(client -> client.getExperiment(id.get())))
                : server.call(client -> client.getExperimentByName(name));
        if (found.isEmpty()) return createExperiment(server, name);
        required(found.get().getLifecycleStage());
        if (!found.get().getLifecycleStage().equals(ACTIVE)) {
            throw new ConfigError("output.mlflow: the experiment '"
                    + found.get().getName() + "' of " + server.target().uri()
                    + " was deleted; restore it or use another one (output.mlflow.experiment)");
        }
        return required(found.get().getExperimentId());
    }

    private static String createExperiment(MlflowServer server, String name) throws MlflowFailure {
        try {
            return required(server.call(client -> client.createExperiment(name)));
        } catch (MlflowFailure e) {
            // Another process may have made it in the meantime.
            Optional<Experiment> found = server.call(client -> client.getExperimentByName(name));
            return required(found.orElseThrow(() -> e).getExperimentId());
        }
    }

    /** Returns a value that MLflow always sends; another program that answers with JSON leaves it empty. */
    private static String required(String value) throws MlflowFailure {
        if (value.isEmpty()) throw MlflowServer.notMlflow();
        return value;
    }

    static MlflowRun create(MlflowServer server, String experiment, String name) throws MlflowFailure {
        String user = System.getProperty("user.name", "unknown");
        CreateRun request = CreateRun.newBuilder()
                .setExperimentId(experiment)
                .setRunName(name)
                .setUserId(user)
                .setStartTime(System.currentTimeMillis())
                .addTags(message("mlflow.user", user))
                .build();
        RunInfo created = server.call(client -> client.createRun(request));
        required(created.getRunId());
        return new MlflowRun(server, Run.newBuilder().setInfo(created).build());
    }

    /** @throws ConfigError if the server does not have the run */
    static MlflowRun resume(MlflowServer server, String id) throws MlflowFailure {
        Run found;
        try {
            found = server.call(client -> client.getRun(id));
        } catch (MlflowFailure e) {
            if (e.isNotFound()) throw unusable(server, id, "does not exist");
            throw e;
        }
        required(found.getInfo().getRunId());
        required(found.getInfo().getLifecycleStage());
        if (!found.getInfo().getLifecycleStage().equals(ACTIVE)) throw unusable(server, id, "was deleted");
        server.post(UPDATE, UpdateRun.newBuilder().setRunId(id).setStatus(RunStatus.RUNNING));
        return new MlflowRun(server, found);
    }

    private static ConfigError unusable(MlflowServer server, String id, String problem) {
        return new ConfigError("output.mlflow: the run " + id + " " + problem + " on "
                + server.target().uri() + "; delete mlflow.json of the run directory to log to a new one with all"
                + " epochs so far, or unset MLFLOW_RUN_ID if it is set");
    }

    String id() {
        return info.getRunId();
    }

    /** Address of the page of the run. */
    String page() {
        return server.target().uri() + "/#/experiments/" + info.getExperimentId() + "/runs/" + id();
    }

    /** Last step of each metric that the run had when it was opened. */
    Map<String, Long> lastSteps() {
        return lastSteps;
    }

    /** Sets parameters and tags. A parameter that has another value already is set as a tag. */
    void describe(Map<String, String> values, Map<String, String> tags) throws MlflowFailure {
        Map<String, String> all = new LinkedHashMap<>(tags);
        List<Param> params = new ArrayList<>();
        values.forEach((path, text) -> {
            String key = MlflowNames.key(path);
            String value = MlflowNames.parameter(text);
            String before = parameters.putIfAbsent(key, value);
            if (before == null) {
                params.add(Param.newBuilder().setKey(key).setValue(value).build());
            } else if (!before.equals(value)) {
                all.put(RESUMED + key, value);
            }
        });
        for (int i = 0; i < params.size(); i += BATCH) {
            List<Param> part = params.subList(i, Math.min(i + BATCH, params.size()));
            log(List.of(), part, List.of());
        }
        tag(all);
    }

    void tag(Map<String, String> tags) throws MlflowFailure {
        List<RunTag> messages = new ArrayList<>();
        tags.forEach((key, value) -> messages.add(message(MlflowNames.key(key), MlflowNames.tag(value))));
        for (int i = 0; i < messages.size(); i += BATCH) {
            log(List.of(), List.of(), messages.subList(i, Math.min(i + BATCH, messages.size())));
        }
    }

    private static RunTag message(String key, String value) {
        return RunTag.newBuilder().setKey(key).setValue(value).build();
    }

    void send(List<MetricPoint> points) throws MlflowFailure {
        log(points.stream().map(MetricPoint::message).toList(), List.of(), List.of());
    }

    private void log(List<Metric> metrics, List<Param> params, List<RunTag> tags) throws MlflowFailure {
        server.post(
                "runs/log-batch",
                LogBatch.newBuilder()
                        .setRunId(id())
                        .addAllMetrics(metrics)
                        .addAllParams(params)
                        .addAllTags(tags));
    }

    void upload(Path file) throws MlflowFailure {
        new ArtifactUploader(server, id(), info.getArtifactUri()).upload(file);
    }

    void terminate(RunStatus status) throws MlflowFailure {
        server.post(UPDATE, end(status));
    }

    void terminate(RunStatus status, Duration within) throws MlflowFailure {
        server.post(UPDATE, end(status), within);
    }

    private UpdateRun.Builder end(RunStatus status) {
        return UpdateRun.newBuilder().setRunId(id()).setStatus(status).setEndTime(System.currentTimeMillis());
    }
}
