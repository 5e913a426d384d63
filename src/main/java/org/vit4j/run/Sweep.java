package org.vit4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;
import org.vit4j.train.Callback;

/**
 * Grid search: runs all combinations of config values in sequence, each in its own directory. Rewrites the summary
 * files {@code sweep.json}, {@code sweep.csv} and {@code sweep.html} after each run.
 */
public final class Sweep {
    private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);

    private Sweep() {}

    /**
     * Reads the config with every combination of values and checks data and models before anything is trained.
     *
     * @param sweeps axes, {@code path=value,value} each
     * @param directory of the sweep; {@code output.dir} of the config if empty
     * @throws ConfigError with the problems of all combinations
     */
    public static SweepPlan plan(String config, List<String> overrides, List<String> sweeps, Optional<Path> directory) {
        List<SweepAxis> axes = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (String sweep : sweeps) {
            try {
                axes.add(SweepAxis.parse(sweep));
            } catch (ConfigError e) {
                problems.add(e.getMessage());
            }
        }
        if (!problems.isEmpty()) throw ConfigError.of(problems);
        return SweepPlan.of(config, overrides, axes, directory.orElse(null));
    }

    /**
     * Trains the planned runs. A run that fails, for example with a NaN loss, is recorded and the next run starts.
     *
     * @param resume skips finished runs and continues unfinished and failed runs from their newest checkpoint; if
     *     false, an earlier sweep in the directory is moved aside
     * @param stop checked after every step and between runs
     */
    public static SweepSummary run(SweepPlan plan, boolean resume, Callback progress, BooleanSupplier stop) {
        if (resume) plan.runs().forEach(entry -> ResumeCheck.checkInSweep(entry.config(), directory(plan, entry)));
        plan.checkWeights(
                entry -> !resume || !Files.exists(directory(plan, entry).resolve("config.yaml")));
        try (SweepTracking tracking = SweepTracking.connect(plan);
                RunDirectory sweep = RunDirectory.openSweep(plan.directory(), resume)) {
            tracking.start(sweep, resume);
            SweepSummary summary = SweepSummary.of(plan);
            summary.write(sweep);
            int number = 0;
            for (SweepPlan.SweepEntry entry : plan.runs()) {
                number++;
                if (stop.getAsBoolean()) break;
                if (resume && summary.row(entry.name()).finished(entry.config(), directory(plan, entry))) continue;
                LOG.info("run {} of {}: {}", number, plan.runs().size(), entry.name());
                summary = summary.with(train(plan, entry, tracking.below(entry.config()), resume, progress, stop));
                summary.write(sweep);
            }
            tracking.end(summary, stop);
            return summary;
        }
    }

    private static SweepResult train(
            SweepPlan plan,
            SweepPlan.SweepEntry entry,
            RunConfig config,
            boolean resume,
            Callback progress,
            BooleanSupplier stop) {
        Path directory = directory(plan, entry);
        try {
            TrainRun.RunResult result = TrainRun.run(config, directory, resume, progress, stop);
            SweepSummary.SweepState state =
                    result.finished() ? SweepSummary.SweepState.FINISHED : SweepSummary.SweepState.STOPPED;
            return SweepResult.read(entry, directory, state, "");
        } catch (RunException | ConfigError e) {
            LOG.warn("{}: {}; continuing the sweep", entry.name(), e.getMessage());
            return SweepResult.read(entry, directory, SweepSummary.SweepState.FAILED, e.getMessage());
        }
    }

    static Path directory(SweepPlan plan, SweepPlan.SweepEntry entry) {
        return plan.directory().resolve(entry.name());
    }
}
