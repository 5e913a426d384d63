package org.vit4j.run;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.BatchSource;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.report.EvaluationReport;
import org.vit4j.train.Callback;
import org.vit4j.train.CheckpointStore;
import org.vit4j.train.TrainState;
import org.vit4j.train.ValidatedEpoch;

/** Writes what a run leaves in its directory: models, evaluation, log and checkpoints. */
final class RunRecorder implements Callback, CheckpointStore {
    private final RunDirectory run;
    private final ModelDescription description;
    private final BatchSource validation;
    private final CheckpointDirectory checkpoints;
    private final BestModels bestModels;
    private final BestMetric metric;
    private final boolean distributed;
    private Optional<RunLog> log = Optional.empty();

    /**
     * @param keep number of checkpoints
     * @param metric that selects the best epoch
     * @param distributed true if workers compute the gradients
     */
    RunRecorder(
            RunDirectory run,
            int keep,
            BestMetric metric,
            ModelDescription description,
            BatchSource validation,
            boolean distributed) {
        this.run = run;
        this.description = description;
        this.validation = validation;
        this.checkpoints = new CheckpointDirectory(run.checkpoints(), keep);
        this.bestModels = new BestModels(run);
        this.metric = metric;
        this.distributed = distributed;
    }

    /** Begins to log. */
    void log(RunLog opened) {
        log = Optional.of(opened);
    }

    @Override
    public void step(int step, double loss, double lr) {
        log.orElseThrow().step(step, loss, lr);
    }

    @Override
    public void validated(ValidatedEpoch epoch) {
        SavedModel.write(run.last(), description, epoch.weights().parameters());
        epoch.average().ifPresent(ema -> SavedModel.write(run.lastEma(), description, ema.parameters()));
        if (!epoch.best()) return;
        bestModels.keepBefore(epoch.metrics().epoch());
        SavedModel.write(run.model(), description, epoch.better().parameters());
        log.orElseThrow()
                .best(EvaluationReport.of(
                        epoch.metrics().epoch(),
                        epoch.better().scores(),
                        epoch.better().mistakes(),
                        validation::name,
                        description.preprocess()));
    }

    @Override
    public void epoch(EpochMetrics metrics, int epochs) {
        log.orElseThrow().epoch(metrics);
    }

    @Override
    public Optional<TrainState> resume(Map<String, INDArray> arrays) {
        Optional<TrainState> state = checkpoints.resume(arrays);
        state.ifPresent(from -> from.best(metric)
                .ifPresent(
                        best -> bestModels.restore(best.epoch(), from.history().size())));
        return state;
    }

    @Override
    public void save(TrainState state, Map<String, INDArray> arrays) {
        checkpoints.save(state, arrays);
        if (bestModels.isEmpty()) return;
        bestModels.retain(checkpoints.states().stream()
                .flatMap(saved -> saved.best(metric).stream())
                .map(BestEpoch::epoch)
                .collect(Collectors.toSet()));
    }

    @Override
    public String recovery() {
        return lastGood(Integer.MAX_VALUE) + "; fix the problem and continue with --resume";
    }

    /** Command that continues from the last good checkpoint, after renaming the bad ones, or restarts the run. */
    @Override
    public String recovery(int badFrom, boolean restartable) {
        String good = lastGood(badFrom);
        boolean resume = checkpoints.setAsideFrom(badFrom) || restartable;
        String command = ResumeCommand.withLowerRate(run.path(), description.config(), resume);
        String spark = distributed ? ", with the same --spark option" : "";
        return good + "; " + (resume ? "continue with: " : "restart with: ") + command + spark;
    }

    private String lastGood(int before) {
        return checkpoints
                .newestBefore(before)
                .map(file -> "the last good checkpoint is " + file)
                .orElse("there is no good checkpoint yet");
    }
}
