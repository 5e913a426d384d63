package org.vit4j.tracking;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.mlflow.api.proto.Service.RunStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.ScalarTags;
import org.vit4j.metrics.Scores;
import org.vit4j.tracking.MetricQueue.QueueTimes;
import org.vit4j.tracking.MlflowServer.MlflowFailure;
import org.vit4j.train.Callback;
import org.vit4j.train.ValidatedEpoch;

/**
 * Logs a training run to an MLflow server: loss and learning rate of optimizer steps, metrics of epochs, parameters, tags and
 * files. Values are sent by a thread of its own, so the server does not slow the training; if it fails, training
 * continues.
 *
 * <pre>{@code
 * try (MlflowTracker mlflow = MlflowTracker.connect(MlflowConfig.of("http://localhost:5000"))) {
 *     mlflow.start("first", Map.of("lr", "1e-3"), Map.of());
 *     Trainer.of(net).callbacks(mlflow).fit(train, validation, 30);
 *     mlflow.end(MlflowTracker.Outcome.FINISHED, List.of());
 * }
 * }</pre>
 */
public final class MlflowTracker implements Callback, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MlflowTracker.class);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    /** Values kept while the server does not answer, about 10 MB. */
    private static final int CAPACITY = 100_000;

    private static final int LOG_STEPS = 50;

    /** Status of a run that has ended. */
    public enum Outcome {
        FINISHED(RunStatus.FINISHED),
        FAILED(RunStatus.FAILED),
        /** Stopped before its end. */
        KILLED(RunStatus.KILLED);

        private final RunStatus status;

        Outcome(RunStatus status) {
            this.status = status;
        }
    }

    private final MlflowServer server;
    private final QueueTimes times;
    private final String experiment;
    private int logSteps = LOG_STEPS;
    private MlflowRun run;
    private MetricQueue queue;

    private MlflowTracker(MlflowServer server, QueueTimes times, String experiment) {
        this.server = server;
        this.times = times;
        this.experiment = experiment;
    }

    /**
     * Connects to the server of a config and the environment variables MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME,
     * MLFLOW_EXPERIMENT_ID, MLFLOW_RUN_ID, MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD and MLFLOW_TRACKING_TOKEN.
     * Makes the experiment if it does not exist.
     *
     * @throws ConfigError if the server does not answer
     */
    public static MlflowTracker connect(MlflowConfig config) {
        return connect(config, System.getenv(), LIMIT, QueueTimes.DEFAULT);
    }

    static MlflowTracker connect(
            MlflowConfig config, Map<String, String> environment, Duration limit, QueueTimes times) {
        MlflowServer server = new MlflowServer(MlflowTarget.of(config, environment), limit);
        try {
            return new MlflowTracker(server, times, experiment(server));
        } catch (MlflowFailure e) {
            server.close();
            throw error(server, e);
        } catch (ConfigError e) {
            server.close();
            throw e;
        }
    }

    /** A server that starts, or one whose worker is replaced, resets a connection: a second attempt finds it ready. */
    private static String experiment(MlflowServer server) throws MlflowFailure {
        try {
            return MlflowRun.experiment(server);
        } catch (MlflowFailure e) {
            if (!e.isLostConnection()) throw e;
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            return MlflowRun.experiment(server);
        }
    }

    private static ConfigError error(MlflowServer server, MlflowFailure e) {
        return new ConfigError(
                "output.mlflow: " + server.target().uri() + ": " + e.getMessage() + "; "
                        + (e.isRejected() ? "" : "start the server or correct its address, or ")
                        + "train without it (output.mlflow=off)",
                e);
    }

    /** Sets the number of optimizer steps between two values of loss and learning rate; 0 disables them. */
    public MlflowTracker logSteps(int steps) {
        logSteps = steps;
        return this;
    }

    /**
     * Makes a run and begins to log, or continues the run of MLFLOW_RUN_ID.
     *
     * @return id of the run
     * @throws ConfigError if the server rejects it
     */
    public String start(String name, Map<String, String> parameters, Map<String, String> tags) {
        try {
            return server.target().runId().isPresent()
                    ? begin(MlflowRun.resume(server, server.target().runId().get()), parameters, tags)
                    : begin(MlflowRun.create(server, experiment, name), parameters, tags);
        } catch (MlflowFailure e) {
            throw error(server, e);
        }
    }

    /**
     * Continues a run. Parameters that it does not have yet are added; MLflow does not change a parameter, so a changed value
     * becomes the tag {@code resumed.NAME}.
     *
     * @throws ConfigError if the server rejects it or does not have the run
     */
    public void resume(String runId, Map<String, String> parameters, Map<String, String> tags) {
        try {
            begin(MlflowRun.resume(server, runId), parameters, tags);
        } catch (MlflowFailure e) {
            throw error(server, e);
        }
    }

    private String begin(MlflowRun opened, Map<String, String> parameters, Map<String, String> tags)
            throws MlflowFailure {
        try {
            opened.describe(parameters, tags);
        } catch (MlflowFailure e) {
            markFailed(opened);
            throw e;
        }
        run = opened;
        queue = new MetricQueue(opened::send, times, CAPACITY);
        LOG.info("logging to MLflow: {}", opened.page());
        return opened.id();
    }

    /** Ends a run whose parameters the server does not accept, so that it is not shown as running. */
    private static void markFailed(MlflowRun opened) {
        try {
            opened.terminate(Outcome.FAILED.status);
        } catch (MlflowFailure e) {
            LOG.warn("MLflow: the run {} was not ended: {}", opened.id(), e.getMessage());
        }
    }

    /** Returns the last step of each metric that the server had when the run was continued. */
    public Map<String, Long> lastSteps() {
        return run.lastSteps();
    }

    /** Returns true if the server did not have the value when the run was continued. Requires {@link #start} or {@link #resume}. */
    public boolean isNew(MetricPoint value) {
        return value.step() > lastSteps().getOrDefault(MlflowNames.key(value.key()), -1L);
    }

    /** Sends values; returns at once. */
    public void log(List<MetricPoint> values) {
        if (!values.isEmpty()) queue.add(values);
    }

    @Override
    public void step(int step, double loss, double lr) {
        if (logSteps == 0 || step % logSteps != 0) return;
        log(newer(Map.of(ScalarTags.STEP + "loss", loss, ScalarTags.STEP + "lr", lr), step));
    }

    @Override
    public void validated(ValidatedEpoch epoch) {
        if (!epoch.best()) return;
        int number = epoch.metrics().epoch();
        Scores scores = epoch.better().scores();
        log(newer(ScalarTags.best(number, scores.loss(), scores.top1()), number));
    }

    @Override
    public void epoch(EpochMetrics metrics, int epochs) {
        log(newer(ScalarTags.of(metrics), metrics.epoch()));
    }

    /**
     * Values that the server does not have; it may have those of the steps after the checkpoint of a resumed run, which are
     * repeated. None of a run that was not started.
     */
    private List<MetricPoint> newer(Map<String, Double> values, long step) {
        if (run == null) return List.of();
        List<MetricPoint> points = new ArrayList<>();
        new TreeMap<>(values).forEach((key, value) -> {
            MetricPoint point = MetricPoint.now(key, value, step);
            if (isNew(point)) points.add(point);
        });
        return points;
    }

    /** Sets tags; a failure is logged. */
    public void tag(Map<String, String> tags) {
        try {
            run.tag(tags);
        } catch (MlflowFailure e) {
            LOG.warn("MLflow: the tags {} were not sent: {}", String.join(", ", tags.keySet()), e.getMessage());
        }
    }

    /**
     * Sends the rest of the values and the files, and ends the run. Lists in one line of the log what could not be sent.
     *
     * @return true if everything was sent
     */
    public boolean end(Outcome outcome, List<Path> artifacts) {
        return end(outcome, artifacts, () -> false);
    }

    /**
     * Like {@link #end(Outcome, List)}, but can be interrupted.
     *
     * @param stop returns true after an interrupt: what the server does not answer within five seconds is not sent
     */
    public boolean end(Outcome outcome, List<Path> artifacts, BooleanSupplier stop) {
        if (run == null) return true;
        List<MetricPoint> values = queue.close(stop);
        RunEnd end = new RunEnd(run, outcome.status, artifacts, times.interrupted());
        List<String> unsent = new ArrayList<>();
        if (values.isEmpty()) end.send(stop);
        else unsent.add(listed(values));
        unsent.addAll(end.unsent());
        if (queue.discarded() > 0) unsent.add(queue.discarded() + " later values");
        run = null;
        String reason = values.isEmpty() ? end.reason() : queue.problem();
        if (!unsent.isEmpty()) LOG.warn("not sent to MLflow: {} ({})", String.join("; ", unsent), reason);
        return unsent.isEmpty();
    }

    /** Lists values by metric: {@code step/loss of 50 to 400, val/top1 of 3}. */
    private static String listed(List<MetricPoint> values) {
        Map<String, List<Long>> steps = values.stream()
                .collect(Collectors.groupingBy(
                        MetricPoint::key,
                        LinkedHashMap::new,
                        Collectors.mapping(MetricPoint::step, Collectors.toList())));
        return steps.entrySet().stream()
                .map(entry -> entry.getKey() + " of " + range(entry.getValue()))
                .collect(Collectors.joining(", "));
    }

    private static String range(List<Long> steps) {
        long last = steps.get(steps.size() - 1);
        return steps.get(0) == last ? String.valueOf(last) : steps.get(0) + " to " + last;
    }

    /** Ends the run as failed, unless it was ended, and disconnects. */
    @Override
    public void close() {
        end(Outcome.FAILED, List.of());
        server.close();
    }
}
