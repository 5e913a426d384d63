package org.vit4j.notebook;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.vit4j.config.ConfigError;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.MetricsFile;
import org.vit4j.model.SavedModel;
import org.vit4j.report.EvaluationReport;
import org.vit4j.report.RunRecord;
import org.vit4j.run.RunConfig;

/** Directory of a run, finished or not. {@link Notebook#train} returns it; figures are made from it. */
public record TrainedRun(Path directory) {

    /** Reads config, epochs and environment. */
    public RunRecord record() {
        return RunRecord.read(directory);
    }

    /** Returns the path of the best model. */
    public Path model() {
        return directory.resolve("model.keras");
    }

    /** Loads the best model; the caller closes it. */
    public SavedModel load() {
        return SavedModel.load(model());
    }

    /** Returns the validation top-1 accuracy of the best model, from 0 to 1. */
    public double accuracy() {
        return best().top1();
    }

    /** Returns true if the directory holds a run with no epoch left to train, and its best model. */
    boolean isFinished() {
        if (!Files.exists(model())) return false;
        try {
            return RunConfig.ofRun(directory, List.of())
                    .train()
                    .isFinished(MetricsFile.read(directory).epochs());
        } catch (ConfigError e) {
            return Files.exists(directory.resolve("evaluation.json")); // a config of another version
        }
    }

    BestEpoch best() {
        return record().best()
                .orElseThrow(() -> new ConfigError(directory + ": no epoch of this run has finished yet"));
    }

    EvaluationReport evaluation() {
        return EvaluationReport.read(directory)
                .orElseThrow(() -> new ConfigError(
                        directory + ": missing evaluation.json, which is written after the best epoch of a run"));
    }

    @Override
    public String toString() {
        RunRecord record = record();
        Optional<BestEpoch> best = record.best();
        String result = best.map(b -> String.format(Locale.ROOT, "%.2f%% at epoch %d", 100 * b.top1(), b.epoch()))
                .orElse("no epoch finished");
        return record.name() + ": " + result + " of " + record.epochs().size() + " (" + directory + ")";
    }
}
