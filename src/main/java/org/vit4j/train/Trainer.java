package org.vit4j.train;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.backend.Inference;
import org.vit4j.data.BatchSource;
import org.vit4j.graph.Graph;
import org.vit4j.io.RunException;
import org.vit4j.metrics.Evaluator;
import org.vit4j.metrics.Scores;
import org.vit4j.metrics.WorstMistakes;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.optim.Schedule;
import org.vit4j.report.Environment;
import org.vit4j.report.EvaluationReport;

/**
 * The training loop: optimizer steps, validation after each epoch, checkpoints.
 *
 * <p>All randomness is derived from (seed, epoch, step), so a stopped and resumed run equals the uninterrupted one bit
 * for bit.
 */
public final class Trainer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

    /** Receives the progress of a run. */
    public interface TrainListener {
        /** Called when training starts or resumes; {@code epochs} is the total number of epochs. */
        default void start(int epochs) {}

        /** Called after every batch; several batches may make one optimizer step. */
        void batch(TrainState state, int batches, double imagesPerSecond);

        /** Called after every epoch. */
        void epoch(EpochMetrics metrics, int epochs);
    }

    private final TrainConfig train;
    private final RunDirectory run;
    private final TrainListener progress;
    private final BatchSource training;
    private final BatchSource validation;
    private final List<String> classes;
    private final ModelDescription description;
    private final Schedule schedule;
    private final TrainStep trainStep;
    private final BatchInputs batchInputs;
    private final Optional<GradientWorkers> workers;
    private final Inference inference;
    private final Optional<Inference> averaged;
    private final CheckpointDirectory checkpoint;
    private final Map<String, INDArray> arrays;
    private final LossSpikeDetector spikes;
    private TrainState state = TrainState.START;

    /** @param workers compute the gradients; this process does if empty */
    Trainer(
            RunConfig config,
            TrainData data,
            Optional<TeacherModel> teacher,
            RunDirectory run,
            TrainListener progress,
            Optional<GradientWorkers> workers) {
        this.workers = workers;
        this.train = config.train();
        this.run = run;
        this.progress = progress;
        this.training = data.training();
        this.validation = data.validation();
        this.classes = data.classes();
        this.description = describe(config, classes);
        this.schedule = train.schedule().withWarmupAtMost(train.epochs());
        Graph graph = config.model().build();
        this.trainStep = new TrainStep(train, graph);
        this.batchInputs = new BatchInputs(train, graph, classes.size(), teacher, trainStep.masks());
        this.inference = train.backend().inference(graph, trainStep.parameters());
        this.averaged = trainStep.average().map(average -> train.backend().inference(graph, average));
        this.checkpoint =
                new CheckpointDirectory(run.checkpoints(), config.output().keep());
        this.arrays = trainStep.arrays();
        this.spikes = new LossSpikeDetector(train.spike());
    }

    private static ModelDescription describe(RunConfig config, List<String> classes) {
        return new ModelDescription(
                config.name(),
                config.model(),
                config.resolved(),
                classes,
                config.data().preprocess(),
                Environment.describe());
    }

    /** Continues from the newest valid checkpoint; returns false if there is none. */
    boolean resume() {
        Optional<TrainState> found = checkpoint.resume(arrays);
        found.ifPresent(saved -> {
            state = saved;
            int batches = training.batchesPerEpoch();
            trainStep.resume(saved, (batches + train.accumulate() - 1) / train.accumulate());
        });
        return found.isPresent();
    }

    /** Loads the initial weights of {@code train.init}, if set. */
    void start(RunConfig config) {
        train.init().ifPresent(init -> init.load(config, config.model().build(), trainStep.parameters()));
    }

    TrainState state() {
        return state;
    }

    /**
     * Trains to the last epoch, or until {@code stop} returns true; it is checked after every optimizer step and every
     * validation batch.
     *
     * @return true if the run is finished
     * @throws RunException if loss, gradient or weights are NaN or infinite, or the disk is full; earlier checkpoints
     *     remain
     */
    boolean train(RunLog log, BooleanSupplier stop) {
        progress.start(train.epochs());
        try {
            while (!state.isFinished(train)) {
                if (!epoch(log, stop)) {
                    save();
                    return false;
                }
            }
            return true;
        } catch (RunException e) {
            if (!(e.getCause() instanceof IOException)) throw e;
            throw new RunException(
                    e.getMessage() + "; " + lastGoodCheckpoint(Integer.MAX_VALUE)
                            + "; fix the problem and continue with --resume",
                    e);
        }
    }

    private boolean epoch(RunLog log, BooleanSupplier stop) {
        int steps = training.batchesPerEpoch();
        trainStep.beginEpoch(state.epoch());
        try (GradientSource gradients = gradientSource()) {
            while (state.batches() < steps) {
                if (!step(log, gradients, steps, stop)) return false;
                if (state.batches() < steps && train.savesAfter(state.step())) save();
                if (stop.getAsBoolean() && state.batches() < steps) return false;
            }
        }
        try {
            finish(log, lr(state.epoch() + (steps - 1.0) / steps), stop);
        } catch (InterruptibleSource.StoppedException e) {
            return false; // all batches of the epoch are done; the resumed run validates
        }
        return !stop.getAsBoolean() || state.isFinished(train);
    }

    private double lr(double epoch) {
        return schedule.at(epoch, state.history());
    }

    private GradientSource gradientSource() {
        int epoch = state.epoch();
        if (workers.isEmpty())
            return GradientSource.local(train, trainStep, batchInputs, training, epoch, state.batches());
        return GradientSource.distributed(train, trainStep, workers.get(), epoch, (batch, count) -> {
            try (GradientSource local = GradientSource.local(train, trainStep, batchInputs, training, epoch, batch)) {
                for (int i = 0; i < count; i++) local.next(batch + i, count - i);
                return "on a worker only; the same batches give finite values in this process";
            } catch (GradientSource.NonFiniteException e) {
                return e.getMessage();
            }
        });
    }

    /** @return false if the workers stopped together with this process, as by Ctrl-C: only this step is lost */
    private boolean step(RunLog log, GradientSource gradients, int perEpoch, BooleanSupplier stop) {
        int before = state.batches();
        try {
            step(log, gradients, perEpoch);
            return true;
        } catch (RunException e) {
            if (workers.isEmpty() || state.batches() != before || !stop.getAsBoolean()) throw e;
            return false;
        }
    }

    /** Optimizer step for {@code train.accumulate} batches, or for the remaining batches of the epoch. */
    private void step(RunLog log, GradientSource gradients, int perEpoch) {
        double lr = lr(state.epoch() + (double) state.batches() / perEpoch);
        int count = Math.min(train.accumulate(), perEpoch - state.batches());
        double loss = 0;
        for (int left = count; left > 0; ) {
            long start = System.nanoTime();
            List<GradientSource.BatchResult> results = next(gradients, left);
            left -= results.size();
            if (left == 0) trainStep.optimizerStep(lr, state.step() + 1);
            double seconds = (System.nanoTime() - start) / 1e9 / results.size();
            for (int i = 0; i < results.size(); i++) {
                GradientSource.BatchResult result = results.get(i);
                loss += result.loss() / count;
                state = state.afterBatch(result.loss(), result.correct(), result.images(), seconds);
                if (left == 0 && i == results.size() - 1) state = state.afterStep();
                progress.batch(state, perEpoch, result.images() / seconds);
            }
        }
        log.step(state.step(), loss, lr);
        warnOnSpike(loss);
    }

    private List<GradientSource.BatchResult> next(GradientSource gradients, int left) {
        try {
            return gradients.next(state.batches(), left);
        } catch (GradientSource.NonFiniteException e) {
            throw diverged(e.loss(), e.getMessage());
        }
    }

    private void warnOnSpike(double loss) {
        spikes.add(loss)
                .ifPresent(mean -> LOG.warn(String.format(
                        Locale.ROOT,
                        "loss spike in step %d (epoch %d): %.4g, previous average %.4g",
                        state.step(),
                        state.epoch() + 1,
                        loss,
                        mean)));
    }

    private RunException diverged(double loss, String where) {
        String what = Double.isFinite(loss)
                ? String.format(Locale.ROOT, "the gradient became NaN or infinite (the loss was %.4g)", loss)
                : "the loss became " + loss;
        // Weights that give a NaN or infinite loss are bad, even if a checkpoint holds them.
        int badFrom = Double.isFinite(loss) ? state.step() + 1 : state.step();
        return failure(what, state.step() + 1, "first " + where, badFrom);
    }

    /** @param badFrom checkpoints of this many or more steps are bad */
    private RunException failure(String what, int step, String where, int badFrom) {
        return new RunException(String.format(
                Locale.ROOT,
                "%s in step %d (epoch %d), %s; try a lower train.optimizer.lr, a longer warm-up or train.clip; %s; %s",
                what,
                step,
                state.epoch() + 1,
                where,
                lastGoodCheckpoint(badFrom),
                nextCommand(badFrom)));
    }

    /** Command that continues from the last good checkpoint, after renaming the bad ones, or restarts the run. */
    private String nextCommand(int badFrom) {
        boolean resume = checkpoint.setAsideFrom(badFrom) || (state.history().isEmpty() && state.step() == 0);
        String command = ResumeCommand.withLowerRate(run.path(), description.config(), resume);
        String spark = workers.isPresent() ? ", with the same --spark option" : "";
        return (resume ? "continue with: " : "restart with: ") + command + spark;
    }

    private String lastGoodCheckpoint(int before) {
        return checkpoint
                .newestBefore(before)
                .map(file -> "the last good checkpoint is " + file)
                .orElse("there is no good checkpoint yet");
    }

    /** Saves a checkpoint, but not with NaN or infinite weights. */
    private void save() {
        check();
        checkpoint.save(state, arrays);
    }

    private void check() {
        NonFiniteLocator.weight(trainStep.parameters()).ifPresent(name -> {
            throw failure("the weights became NaN or infinite", state.step(), "first " + name, state.step());
        });
    }

    private void finish(RunLog log, double lr, BooleanSupplier stop) {
        long start = System.nanoTime();
        check();
        BatchSource source = new InterruptibleSource(validation, stop);
        WorstMistakes mistakes = new WorstMistakes(RunLog.MISTAKES);
        Scores scores = Evaluator.evaluate(inference, source, classes, mistakes);
        WorstMistakes averageMistakes = new WorstMistakes(RunLog.MISTAKES);
        Optional<Scores> average = averaged.map(ema -> Evaluator.evaluate(ema, source, classes, averageMistakes));
        double seconds = state.seconds() + (System.nanoTime() - start) / 1e9;
        EpochMetrics metrics = new EpochMetrics(
                state.epoch() + 1,
                lr,
                state.lossSum() / state.images(),
                (double) state.correct() / state.images(),
                scores.loss(),
                scores.top1(),
                average.map(Scores::loss).orElse(null),
                average.map(Scores::top1).orElse(null),
                state.images() / state.seconds(),
                seconds);
        boolean best = state.best().map(metrics::betterThan).orElse(true);
        TrainState after = state.afterEpoch(metrics);
        SavedModel.write(run.last(), description, trainStep.parameters());
        trainStep.average().ifPresent(ema -> SavedModel.write(run.lastEma(), description, ema));
        if (best) {
            boolean ema = metrics.averageIsBetter();
            SavedModel.write(
                    run.model(), description, ema ? trainStep.average().orElseThrow() : trainStep.parameters());
            log.best(EvaluationReport.of(
                    metrics.epoch(),
                    ema ? average.orElseThrow() : scores,
                    (ema ? averageMistakes : mistakes).list(),
                    validation::name,
                    description.preprocess()));
        }
        state = after;
        save();
        log.epoch(state.history());
        progress.epoch(metrics, train.epochs());
    }

    @Override
    public void close() {
        trainStep.close();
        inference.close();
        averaged.ifPresent(Inference::close);
    }
}
