package org.vit4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.vit4j.tracking.MlflowTracker.Outcome;

/** Logs a sweep to MLflow, if {@code output.mlflow} is set: a parent run, below which its runs are listed. */
final class SweepTracking implements AutoCloseable {
    private static final String PARENT = "mlflow.parentRunId";

    private final RunTracking parent;
    private final SweepPlan plan;
    private Optional<String> parentId = Optional.empty();

    private SweepTracking(RunTracking parent, SweepPlan plan) {
        this.parent = parent;
        this.plan = plan;
    }

    static SweepTracking connect(SweepPlan plan) {
        return new SweepTracking(RunTracking.connect(plan.runs().get(0).config(), plan.directory()), plan);
    }

    /** Makes the parent run, or continues that of the directory; its parameters are the values of the axes. */
    void start(RunDirectory directory, boolean resume) {
        Map<String, String> axes = new LinkedHashMap<>();
        plan.axes().forEach(axis -> axes.put("sweep." + axis.path(), String.join(",", axis.values())));
        parent.start(directory, resume, axes);
        parentId = RunTracking.runId(directory.path());
    }

    /** Returns the config of a run below the parent run. */
    RunConfig below(RunConfig config) {
        return parentId.map(id -> config.withMlflowTag(PARENT, id)).orElse(config);
    }

    /** Returns true if a run is below a parent run. */
    static boolean isBelowParent(RunConfig config) {
        return config.output().mlflow().stream()
                .anyMatch(mlflow -> mlflow.tags().containsKey(PARENT));
    }

    /** Ends the parent run; {@code stop} returns true after an interrupt. */
    void end(SweepSummary summary, BooleanSupplier stop) {
        Outcome outcome = summary.hasUnfinishedRuns()
                ? Outcome.KILLED
                : summary.hasFailedRuns() ? Outcome.FAILED : Outcome.FINISHED;
        List<Path> files = Stream.of("sweep.html", "sweep.csv")
                .map(plan.directory()::resolve)
                .filter(Files::exists)
                .toList();
        parent.end(outcome, files, stop);
    }

    @Override
    public void close() {
        parent.close();
    }
}
