package org.vit4j.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;

/**
 * A grid of runs, one after another, each in its own directory. What is known of them lies beside, written anew after
 * each: {@code sweep.json}, {@code sweep.csv}, {@code sweep.html}.
 */
public final class Sweep {
    private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);

    private Sweep() {}

    /**
     * Reads the config with every combination of values, and looks at data and networks, before anything is trained.
     *
     * @param sweeps {@code path=value,value} each
     * @param directory of the sweep; empty for {@code output.dir} of the config
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
     * Trains what is planned. A run that fails, such as one whose loss is no number any more, is noted and the next one
     * begins.
     *
     * @param resume finished runs are left alone, one that was begun goes on from its newest checkpoint, one that failed
     *     tries again from there; otherwise an earlier sweep in the way is moved aside
     * @param stop asked after every step and between runs
     */
    public static SweepSummary run(
            SweepPlan plan, boolean resume, Trainer.TrainListener progress, BooleanSupplier stop) {
        if (resume) plan.runs().forEach(entry -> ResumeCheck.checkInSweep(entry.config(), directory(plan, entry)));
        try (RunDirectory held = RunDirectory.openSweep(plan.directory(), resume)) {
            SweepSummary summary = SweepSummary.of(plan);
            summary.write(held);
            int number = 0;
            for (SweepPlan.SweepEntry entry : plan.runs()) {
                number++;
                if (stop.getAsBoolean()) break;
                if (resume && summary.row(entry.name()).finished(entry.config())) continue;
                LOG.info("run {} of {}: {}", number, plan.runs().size(), entry.name());
                summary = summary.with(train(plan, entry, resume, progress, stop));
                summary.write(held);
            }
            return summary;
        }
    }

    private static SweepSummary.SweepResult train(
            SweepPlan plan,
            SweepPlan.SweepEntry entry,
            boolean resume,
            Trainer.TrainListener progress,
            BooleanSupplier stop) {
        Path directory = directory(plan, entry);
        try {
            TrainRun.RunResult result = TrainRun.run(entry.config(), directory, resume, progress, stop);
            SweepSummary.SweepState state =
                    result.finished() ? SweepSummary.SweepState.FINISHED : SweepSummary.SweepState.STOPPED;
            return SweepSummary.SweepResult.read(entry, directory, state, "");
        } catch (RunException | ConfigError e) {
            LOG.warn("{}: {}; the sweep goes on", entry.name(), e.getMessage());
            return SweepSummary.SweepResult.read(entry, directory, SweepSummary.SweepState.FAILED, e.getMessage());
        }
    }

    static Path directory(SweepPlan plan, SweepPlan.SweepEntry entry) {
        return plan.directory().resolve(entry.name());
    }
}
