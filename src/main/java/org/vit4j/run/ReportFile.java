package org.vit4j.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.MetricsFile;
import org.vit4j.report.EvaluationReport;
import org.vit4j.report.RunRecord;
import org.vit4j.report.RunReport;

/** Writes the report of a run directory, once or repeatedly while the run is in progress. */
public final class ReportFile {
    private static final long POLL_MILLIS = 500;

    private ReportFile() {}

    /**
     * Writes the report of the current state of a run.
     *
     * @return status of the run, as the page shows it
     * @throws ConfigError if it is not a run directory
     */
    public static String write(Path run, Path page) {
        return write(run, page, OptionalInt.empty());
    }

    /**
     * Writes the report every {@code seconds} seconds until the process that trains in the directory ends, then a last
     * time. Until then the page reloads itself in a browser.
     *
     * @param stop ends the loop earlier
     */
    public static String follow(Path run, Path page, int seconds, BooleanSupplier stop) {
        RunRecord.read(run); // rejects other directories
        while (RunDirectory.isInUse(run) && !stop.getAsBoolean()) {
            write(run, page, OptionalInt.of(seconds));
            for (long waited = 0; waited < seconds * 1000L; waited += POLL_MILLIS) {
                if (stop.getAsBoolean() || !RunDirectory.isInUse(run)) break;
                try {
                    Thread.sleep(POLL_MILLIS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return write(run, page);
                }
            }
        }
        return write(run, page);
    }

    private static String write(Path run, Path page, OptionalInt refreshSeconds) {
        RunRecord record = RunRecord.read(run);
        String status = status(record);
        Optional<EvaluationReport> evaluation = EvaluationReport.read(run);
        AtomicFiles.write(page, RunReport.html(record, evaluation, status, refreshSeconds));
        return status;
    }

    private static String status(RunRecord run) {
        int done = run.epochs().size();
        String planned = run.config().getOrDefault("train.epochs", "?");
        String epochs = done + " of " + planned + " epochs done";
        if (RunDirectory.isInUse(run.directory())) return "training: " + epochs;
        if (String.valueOf(done).equals(planned)) return "finished";
        int best = run.best().map(BestEpoch::epoch).orElse(0);
        if (stoppedEarly(run.directory())) return "finished early: no improvement since epoch " + best;
        return RunInfo.read(run.directory())
                .map(RunInfo::failure)
                .map(message -> "failed: " + message)
                .orElse("not running: " + epochs);
    }

    private static boolean stoppedEarly(Path run) {
        try {
            List<EpochMetrics> history = MetricsFile.read(run).epochs();
            return RunConfig.ofRun(run, List.of()).train().isFinished(history);
        } catch (ConfigError e) {
            return false; // a config of another version
        }
    }
}
