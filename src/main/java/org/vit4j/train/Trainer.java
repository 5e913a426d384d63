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
 * <p>Everything random follows from (seed, epoch, step), so a run that was stopped and resumed is bit for bit the run
 * that was not.
 */
public final class Trainer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

    /** What a run tells while it goes on. */
    public interface TrainListener {
        /** Training begins, or goes on; {@code epochs} is how many there will have been at the end. */
        default void start(int epochs) {}

        /** After every batch, of which several may make one optimizer step. */
        void batch(TrainState state, int batches, double imagesPerSecond);

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
    private final TrainStep learner;
    private final BatchInputs feed;
    private final Optional<GradientWorkers> workers;
    private final Inference inference;
    private final Optional<Inference> averaged;
    private final CheckpointDirectory checkpoint;
    private final Map<String, INDArray> arrays;
    private final LossSpikeDetector spikes;
    private TrainState state = TrainState.START;

    /** @param workers that work out the gradients; this process does when empty */
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
        this.schedule = train.schedule().fitted(train.epochs());
        Graph graph = config.model().build();
        this.learner = new TrainStep(train, graph);
        this.feed = new BatchInputs(train, graph, classes.size(), teacher, learner.masks());
        this.inference = train.backend().inference(graph, learner.parameters());
        this.averaged = learner.average().map(average -> train.backend().inference(graph, average));
        this.checkpoint =
                new CheckpointDirectory(run.checkpoints(), config.output().keep());
        this.arrays = learner.arrays();
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

    /** Goes on from the newest whole checkpoint, when there is one. */
    boolean resume() {
        Optional<TrainState> found = checkpoint.resume(arrays);
        found.ifPresent(kept -> {
            state = kept;
            int batches = training.batchesPerEpoch();
            learner.resume(kept, (batches + train.accumulate() - 1) / train.accumulate());
        });
        return found.isPresent();
    }

    /** Starts from the weights that the config names, if it does. */
    void start(RunConfig config) {
        train.init().ifPresent(init -> init.load(config, config.model().build(), learner.parameters()));
    }

    TrainState state() {
        return state;
    }

    /**
     * Trains to the last epoch, or until {@code stop} says so, which is asked after every optimizer step and every batch
     * of validation.
     *
     * @param log what is written down on the way
     * @return whether the run is finished
     * @throws RunException when loss, gradient or weights are no numbers any more, or the disk is full; the checkpoints before
     *     stay
     */
    boolean train(RunLog log, BooleanSupplier stop) {
        progress.start(train.epochs());
        try {
            while (!state.isOver(train)) {
                if (!epoch(log, stop)) {
                    save();
                    return false;
                }
            }
            return true;
        } catch (RunException e) {
            if (!(e.getCause() instanceof IOException)) throw e;
            throw new RunException(
                    e.getMessage() + "; " + kept(Integer.MAX_VALUE) + "; mend that and go on with --resume", e);
        }
    }

    private boolean epoch(RunLog log, BooleanSupplier stop) {
        int steps = training.batchesPerEpoch();
        learner.beginEpoch(state.epoch());
        try (GradientSource lesson = gradientSource()) {
            while (state.batches() < steps) {
                if (!step(log, lesson, steps, stop)) return false;
                if (state.batches() < steps && train.savesAfter(state.step())) save();
                if (stop.getAsBoolean() && state.batches() < steps) return false;
            }
        }
        try {
            finish(log, lr(state.epoch() + (steps - 1.0) / steps), stop);
        } catch (InterruptibleSource.Stopped e) {
            return false; // all batches of the epoch are done; who resumes validates
        }
        return !stop.getAsBoolean() || state.isOver(train);
    }

    private double lr(double epoch) {
        return schedule.at(epoch, state.history());
    }

    private GradientSource gradientSource() {
        int epoch = state.epoch();
        if (workers.isEmpty()) return GradientSource.local(train, learner, feed, training, epoch, state.batches());
        return GradientSource.distributed(train, learner, workers.get(), epoch, (batch, count) -> {
            try (GradientSource here = GradientSource.local(train, learner, feed, training, epoch, batch)) {
                for (int i = 0; i < count; i++) here.next(batch + i, count - i);
                return "on a worker only: here the same images give numbers";
            } catch (GradientSource.NonFiniteException e) {
                return e.getMessage();
            }
        });
    }

    /** @return false when the workers were told to stop with us, as by Ctrl-C: the step is lost, what came before is not */
    private boolean step(RunLog log, GradientSource lesson, int perEpoch, BooleanSupplier stop) {
        int before = state.batches();
        try {
            step(log, lesson, perEpoch);
            return true;
        } catch (RunException e) {
            if (workers.isEmpty() || state.batches() != before || !stop.getAsBoolean()) throw e;
            return false;
        }
    }

    /** One optimizer step: by one batch, or by as many as are accumulated; the last of an epoch by what is left. */
    private void step(RunLog log, GradientSource lesson, int perEpoch) {
        double lr = lr(state.epoch() + (double) state.batches() / perEpoch);
        int count = Math.min(train.accumulate(), perEpoch - state.batches());
        double loss = 0;
        for (int left = count; left > 0; ) {
            long start = System.nanoTime();
            List<GradientSource.BatchResult> some = next(lesson, left);
            left -= some.size();
            if (left == 0) learner.optimizerStep(lr, state.step() + 1);
            double seconds = (System.nanoTime() - start) / 1e9 / some.size();
            for (int i = 0; i < some.size(); i++) {
                GradientSource.BatchResult one = some.get(i);
                loss += one.loss() / count;
                state = state.afterBatch(one.loss(), one.correct(), one.images(), seconds);
                if (left == 0 && i == some.size() - 1) state = state.afterStep();
                progress.batch(state, perEpoch, one.images() / seconds);
            }
        }
        log.step(state.step(), loss, lr);
        watch(loss);
    }

    private List<GradientSource.BatchResult> next(GradientSource lesson, int left) {
        try {
            return lesson.next(state.batches(), left);
        } catch (GradientSource.NonFiniteException e) {
            throw diverged(e.loss(), e.getMessage());
        }
    }

    private void watch(double loss) {
        spikes.add(loss)
                .ifPresent(mean -> LOG.warn(String.format(
                        Locale.ROOT,
                        "loss spike in step %d (epoch %d): %.4g, after %.4g on average",
                        state.step(),
                        state.epoch() + 1,
                        loss,
                        mean)));
    }

    private RunException diverged(double loss, String where) {
        String what = Double.isFinite(loss)
                ? String.format(Locale.ROOT, "the gradient became no number (the loss was %.4g)", loss)
                : "the loss became " + loss;
        // The weights that gave no loss any more are no good, even if a checkpoint holds them.
        int good = Double.isFinite(loss) ? state.step() + 1 : state.step();
        return failure(what, state.step() + 1, "first " + where, good);
    }

    /** @param good only checkpoints of fewer steps may be good */
    private RunException failure(String what, int step, String where, int good) {
        return new RunException(String.format(
                Locale.ROOT,
                "%s in step %d (epoch %d), %s; try a lower train.optimizer.lr, a longer warm-up or train.clip; %s; %s",
                what,
                step,
                state.epoch() + 1,
                where,
                kept(good),
                next(good)));
    }

    /** What to do next. Without a good checkpoint the run begins again; with one, those after it must not be resumed. */
    private String next(int good) {
        boolean resume = checkpoint.setAsideFrom(good) || (state.history().isEmpty() && state.step() == 0);
        String command = ResumeCommand.withLowerRate(run.path(), description.config(), resume);
        String spark = workers.isPresent() ? ", and --spark as before" : "";
        return (resume ? "continue with: " : "begin again with: ") + command + spark;
    }

    private String kept(int before) {
        return checkpoint
                .newestBefore(before)
                .map(file -> "the last good checkpoint is " + file)
                .orElse("there is no good checkpoint yet");
    }

    /** Never over a good checkpoint with weights that are spoilt. */
    private void save() {
        check();
        checkpoint.save(state, arrays);
    }

    private void check() {
        NonFiniteLocator.weight(learner.parameters()).ifPresent(name -> {
            throw failure("the weights became no numbers", state.step(), "first " + name, state.step());
        });
    }

    private void finish(RunLog log, double lr, BooleanSupplier stop) {
        long start = System.nanoTime();
        check();
        BatchSource shown = new InterruptibleSource(validation, stop);
        WorstMistakes mistakes = new WorstMistakes(RunLog.MISTAKES);
        Scores scores = Evaluator.evaluate(inference, shown, classes, mistakes);
        WorstMistakes averageMistakes = new WorstMistakes(RunLog.MISTAKES);
        Optional<Scores> average = averaged.map(ema -> Evaluator.evaluate(ema, shown, classes, averageMistakes));
        double seconds = state.seconds() + (System.nanoTime() - start) / 1e9;
        EpochMetrics metrics = new EpochMetrics(
                state.epoch() + 1,
                lr,
                state.lossSum() / state.seen(),
                (double) state.correct() / state.seen(),
                scores.loss(),
                scores.top1(),
                average.map(Scores::loss).orElse(null),
                average.map(Scores::top1).orElse(null),
                state.seen() / state.seconds(),
                seconds);
        boolean best = state.best().map(metrics::betterThan).orElse(true);
        TrainState after = state.afterEpoch(metrics);
        SavedModel.write(run.last(), description, learner.parameters());
        learner.average().ifPresent(ema -> SavedModel.write(run.lastAverage(), description, ema));
        if (best) {
            boolean ema = metrics.averageIsBetter();
            SavedModel.write(run.model(), description, ema ? learner.average().orElseThrow() : learner.parameters());
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
        learner.close();
        inference.close();
        averaged.ifPresent(Inference::close);
    }
}
