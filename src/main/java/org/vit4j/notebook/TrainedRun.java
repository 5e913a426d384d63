package org.vit4j.notebook;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.vit4j.config.ConfigError;
import org.vit4j.model.SavedModel;
import org.vit4j.report.EvaluationReport;
import org.vit4j.report.RunRecord;

/** A run by its directory, finished or not: what {@link Notebook#train} returns and figures are made of. */
public record TrainedRun(Path directory) {

    /** What the directory tells: config, epochs, environment. */
    public RunRecord record() {
        return RunRecord.read(directory);
    }

    /** The best model, a file. */
    public Path model() {
        return directory.resolve("model.keras");
    }

    /** The best model, ready to predict; to be closed. */
    public SavedModel load() {
        return SavedModel.load(model());
    }

    /** Top-1 of the best model on the validation images, 0 to 1. */
    public double accuracy() {
        return best().top1();
    }

    /** Whether there is a run that came to its end. */
    boolean exists() {
        return Files.exists(directory.resolve("evaluation.json")) && Files.exists(model());
    }

    RunRecord.BestEpoch best() {
        return record().best()
                .orElseThrow(() -> new ConfigError(directory + ": no epoch of this run has finished yet"));
    }

    EvaluationReport evaluation() {
        return EvaluationReport.read(directory)
                .orElseThrow(() ->
                        new ConfigError(directory + ": has no evaluation.json; it is written at the end of a run"));
    }

    @Override
    public String toString() {
        RunRecord record = record();
        Optional<RunRecord.BestEpoch> best = record.best();
        String result = best.map(b -> String.format(Locale.ROOT, "%.2f%% at epoch %d", 100 * b.top1(), b.epoch()))
                .orElse("no epoch finished");
        return record.name() + ": " + result + " of " + record.epochs().size() + " (" + directory + ")";
    }
}
