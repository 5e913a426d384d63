package org.vit4j.train;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.config.Checks;
import org.vit4j.data.BatchSource;
import org.vit4j.data.DataLoader;
import org.vit4j.data.LoadTimes;
import org.vit4j.graph.Graph;
import org.vit4j.io.RunException;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.Metric;
import org.vit4j.metrics.ScoreMetric;
import org.vit4j.model.Network;
import org.vit4j.optim.Schedule;
import org.vit4j.train.ValidatedEpoch.ValidatedWeights;

/**
 * The training loop: optimizer steps, validation after each epoch, checkpoints. Made by {@link Trainer}.
 *
 * <p>All randomness is derived from (seed, epoch, step), so a stopped and resumed run equals the uninterrupted one bit
 * for bit.
 */
public final class TrainLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TrainLoop.class);

    /**
     * @param workers compute the gradients; this process does if empty
     * @param group processes that train together; this one alone if empty
     */
    record LoopPartners(
            List<Callback> callbacks,
            List<Metric> metrics,
            CheckpointStore checkpoints,
            Optional<TeacherModel> teacher,
            Optional<GradientWorkers> workers,
            Optional<ProcessGroup> group) {}

    private final TrainConfig train;
    private final LoopPartners partners;
    private final BatchSource training;
    private final BatchSource validation;
    private final Schedule schedule;
    private final TrainStep trainStep;
    private final BatchInputs batchInputs;
    private final Validator validator;
    private final LossSpikeDetector spikes;
    private final RankSync ranks;
    private TrainState state = TrainState.START;
    private LoadTimes loadedBefore = LoadTimes.NONE; // at the start of the epoch

    TrainLoop(
            TrainConfig train,
            Network network,
            BatchSource training,
            BatchSource validation,
            List<String> classes,
            LoopPartners partners) {
        this.train = train;
        this.partners = partners;
        this.validation = validation;
        this.schedule = train.schedule().withWarmupAtMost(train.epochs());
        Graph graph = network.graph();
        this.trainStep = new TrainStep(train, graph, network.parameters());
        this.training = inBytes(training);
        this.batchInputs = new BatchInputs(
                train, graph, classes.size(), partners.teacher(), trainStep.masks(), training.labelLists());
        this.validator = new Validator(
                train.backend(), graph, trainStep.deviceParameters(), trainStep.deviceAverage(), classes, metrics());
        this.spikes = new LossSpikeDetector(train.spike());
        this.ranks = new RankSync(partners.group());
    }

    /** The batches as bytes if nothing changes the normalized images and the backend normalizes; a quarter of the memory. */
    private BatchSource inBytes(BatchSource floats) {
        if (train.mixup().isPresent() || partners.teacher().isPresent()) return floats;
        return floats.inBytes()
                .filter(found -> trainStep.normalizesBytes(found.table()))
                .map(BatchSource.ByteBatches::source)
                .orElse(floats);
    }

    /** The metrics of the caller and the one that selects the best epoch, if it is another one. */
    private List<Metric> metrics() {
        List<Metric> all = new ArrayList<>(partners.metrics());
        boolean multiLabel = validation.labelLists().isPresent(); // the validator then has the metrics itself
        if (!multiLabel) ScoreMetric.named(train.best().name()).ifPresent(all::add);
        return all;
    }

    /** Best epoch so far on the validation set. */
    public Optional<BestEpoch> best() {
        return state.best(train.best());
    }

    /** Continues from the newest valid checkpoint; returns false if there is none. */
    public boolean resume() {
        HostArrays arrays = trainStep.arrays();
        Optional<TrainState> found = partners.checkpoints().resume(arrays.byName());
        found.ifPresent(saved -> {
            state = saved;
            trainStep.resume(arrays, saved, stepsPerEpoch());
        });
        return found.isPresent();
    }

    private int stepsPerEpoch() {
        return (training.batchesPerEpoch() + train.accumulate() - 1) / train.accumulate();
    }

    /** Sends state and weights of process 0 to the others, if several processes train; must be called before {@link #run}. */
    public void share() {
        if (partners.group().isEmpty()) return;
        TrainState shared = ranks.shared(state);
        trainStep.share(partners.group().get());
        if (ranks.isFirst() || shared.equals(TrainState.START)) return;
        state = shared;
        trainStep.resume(shared, stepsPerEpoch());
    }

    /** Progress so far. */
    public TrainState state() {
        return state;
    }

    /** Returns true if no epoch is left to train. */
    public boolean isFinished() {
        return state.history().size() >= train.epochs() || stoppedEarly();
    }

    /** Returns true if a callback ended the run before its last epoch. */
    public boolean stoppedEarly() {
        int done = state.history().size();
        return done > 0
                && done < train.epochs()
                && partners.callbacks().stream().anyMatch(callback -> callback.stopsAfter(state.history()));
    }

    /**
     * Trains to the last epoch, or until {@code stop} returns true; it is checked after every optimizer step and every
     * validation batch.
     *
     * @return true if the run is finished
     * @throws RunException if loss, gradient or weights are NaN or infinite, or the disk is full; earlier checkpoints
     *     remain
     */
    public boolean run(BooleanSupplier stop) {
        partners.callbacks().forEach(callback -> callback.start(train.epochs()));
        trainStep.upload(); // the caller may have loaded weights since
        try {
            while (!isFinished()) {
                if (!epoch(stop)) {
                    save();
                    return false;
                }
            }
            return true;
        } catch (RunException e) {
            if (!(e.getCause() instanceof IOException)) throw e;
            throw new RunException(joined(e.getMessage(), partners.checkpoints().recovery()), e);
        }
    }

    private boolean epoch(BooleanSupplier stop) {
        int steps = training.batchesPerEpoch();
        trainStep.beginEpoch(state.epoch());
        loadedBefore = training.loadTimes();
        BooleanSupplier agreed = ranks.agreed(stop);
        try (GradientSource gradients = gradientSource(stop)) {
            while (state.batches() < steps) {
                if (!step(gradients, steps, stop)) return false;
                if (state.batches() < steps && train.savesAfter(state.step())) save();
                if (agreed.getAsBoolean() && state.batches() < steps) return false;
            }
        }
        try {
            int lastStep = (steps - 1) / train.accumulate() * train.accumulate(); // its first batch sets the rate
            finish(lr(state.epoch() + (double) lastStep / steps), stop);
        } catch (InterruptibleSource.StoppedException e) {
            return false; // all batches of the epoch are done; the resumed run validates
        }
        return !agreed.getAsBoolean() || isFinished();
    }

    private double lr(double epoch) {
        double lr = schedule.at(epoch, train.optimizer().lr(), state.history());
        Checks.require(
                lr >= 0 && Double.isFinite(lr),
                "the schedule returned the rate %s at epoch %.2f; expected at least 0 and finite",
                lr,
                epoch);
        return lr;
    }

    private GradientSource gradientSource(BooleanSupplier stop) {
        int epoch = state.epoch();
        if (partners.group().isPresent())
            return new RankGradients(
                    train,
                    trainStep,
                    batchInputs,
                    ranks,
                    (DataLoader) training,
                    epoch,
                    state.batches(),
                    stop,
                    (batch, count) ->
                            rerun(epoch, batch, count, "on another device only; this one gives finite values"));
        if (partners.workers().isEmpty())
            return GradientSource.local(train, trainStep, batchInputs, training, epoch, state.batches());
        return GradientSource.distributed(
                train,
                trainStep,
                partners.workers().get(),
                epoch,
                (batch, count) -> rerun(
                        epoch, batch, count, "on a worker only; the same batches give finite values in this process"));
    }

    /** Repeats batches in this process and describes where NaN or infinite values first occur. */
    private String rerun(int epoch, int batch, int count, String nowhere) {
        try (GradientSource local = GradientSource.local(train, trainStep, batchInputs, training, epoch, batch)) {
            for (int i = 0; i < count; i++) local.next(batch + i, count - i);
            return nowhere;
        } catch (GradientSource.NonFiniteException e) {
            return e.getMessage();
        }
    }

    /** @return false if the workers stopped together with this process, as by Ctrl-C: only this step is lost */
    private boolean step(GradientSource gradients, int perEpoch, BooleanSupplier stop) {
        int before = state.batches();
        try {
            step(gradients, perEpoch);
            return true;
        } catch (RunException e) {
            if (partners.workers().isEmpty() || state.batches() != before || !stop.getAsBoolean()) throw e;
            return false;
        }
    }

    /** Optimizer step for {@code train.accumulate} batches, or for the remaining batches of the epoch. */
    private void step(GradientSource gradients, int perEpoch) {
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
                if (left == 0 && i == results.size() - 1) state = state.afterStep(trainStep.gradientNorm());
                double rate = result.images() / seconds;
                LoadTimes times = training.loadTimes().since(loadedBefore);
                partners.callbacks().forEach(callback -> callback.loaded(times));
                partners.callbacks().forEach(callback -> callback.batch(state, perEpoch, rate));
            }
        }
        double mean = loss;
        partners.callbacks().forEach(callback -> callback.step(state.step(), mean, lr));
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
        String message = String.format(
                Locale.ROOT,
                "%s in step %d (epoch %d), %s; try a lower train.optimizer.lr, a longer warm-up or train.clip",
                what,
                step,
                state.epoch() + 1,
                where);
        boolean restartable = state.history().isEmpty() && state.step() == 0;
        return new RunException(joined(message, partners.checkpoints().recovery(badFrom, restartable)));
    }

    private static String joined(String message, String advice) {
        return advice.isEmpty() ? message : message + "; " + advice;
    }

    /** Saves a checkpoint, but not with NaN or infinite weights. */
    private void save() {
        check();
        partners.checkpoints().save(state, trainStep.arrays().byName());
    }

    private void check() {
        trainStep.download();
        NonFiniteLocator.weight(trainStep.parameters()).ifPresent(name -> {
            throw failure("the weights became NaN or infinite", state.step(), "first " + name, state.step());
        });
    }

    private void finish(double lr, BooleanSupplier stop) {
        check();
        EpochMetrics metrics = ranks.validated(() -> validate(lr, stop));
        state = state.afterEpoch(metrics);
        save();
        partners.callbacks().forEach(callback -> callback.epoch(metrics, train.epochs()));
    }

    private EpochMetrics validate(double lr, BooleanSupplier stop) {
        long start = System.nanoTime();
        BatchSource source = new InterruptibleSource(validation, stop);
        Map<String, Double> further = new LinkedHashMap<>();
        ValidatedWeights weights = validator.weights(source, further);
        Optional<ValidatedWeights> average = validator.average(source, further);
        double seconds = state.seconds() + (System.nanoTime() - start) / 1e9;
        EpochMetrics metrics = new EpochMetrics(
                state.epoch() + 1,
                lr,
                state.lossSum() / state.images(),
                (double) state.correct() / state.images(),
                weights.scores().loss(),
                weights.scores().top1(),
                average.map(ema -> ema.scores().loss()).orElse(null),
                average.map(ema -> ema.scores().top1()).orElse(null),
                state.images() / state.seconds(),
                seconds,
                state.step(),
                state.meanNorm(),
                further);
        TrainState after = state.afterEpoch(metrics);
        boolean best = after.best(train.best()).map(BestEpoch::epoch).orElse(0) == metrics.epoch();
        ValidatedEpoch validated =
                new ValidatedEpoch(metrics, best, metrics.averageIsBetter(train.best()), weights, average);
        partners.callbacks().forEach(callback -> callback.validated(validated));
        return metrics;
    }

    @Override
    public void close() {
        validator.close();
        trainStep.close();
    }
}
