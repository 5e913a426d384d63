package org.vit4j.train;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Precision;
import org.vit4j.config.Checks;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchShard;
import org.vit4j.data.MixedBatch;
import org.vit4j.data.Mixup;
import org.vit4j.machine.CpuThreads;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.optim.ClipConfig;
import org.vit4j.optim.EmaConfig;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.Optimizers;
import org.vit4j.optim.ParamGroupConfig;
import org.vit4j.optim.Schedule;
import org.vit4j.optim.Schedules;

/**
 * {@code train}: training recipe.
 *
 * @param accumulate number of batches whose gradients are averaged for one optimizer step
 * @param groups learning rate and weight decay of selected parameters
 * @param mixup mixing of images and labels
 * @param freeze parameters that are not trained
 * @param spike logs losses more than this many standard deviations above the previous ones; 0 disables it
 * @param checkpointSteps steps between checkpoints within an epoch, 0 for none; in addition to one after every epoch
 * @param best measure that selects the best epoch
 * @param valBatch number of images in a batch of the validation set; {@code batch} if empty
 * @param earlyStop ends a run that stops improving
 * @param freezeNorm batch norms use and keep their running statistics; scale and shift stay trainable. For fine-tuning
 *     with batches that are too small or too few for their own statistics
 * @param distill distillation from a teacher
 * @param init weights to start from; random initialization if empty
 * @param backend executes the network; {@code auto} selects the fastest one available. Has the precision of matrix products
 * @param threads number of threads of the native kernels; the number of usable processors if empty, see {@link
 *     CpuThreads}
 * @param workers number of threads that load images; does not change the batches. See {@link #loadThreads}
 * @param dropLast omits the last incomplete batch of an epoch, as timm does, because a short batch gives its images
 *     more weight. The omitted images differ between epochs
 * @param distributed data-parallel training, if there is a cluster
 */
public record TrainConfig(
        int epochs,
        int batch,
        int accumulate,
        long seed,
        Optimizer optimizer,
        ParamGroupConfig groups,
        Schedule schedule,
        Loss loss,
        Optional<Mixup> mixup,
        Optional<ClipConfig> clip,
        Optional<EmaConfig> ema,
        FreezeSchedule freeze,
        double spike,
        int checkpointSteps,
        BestMetric best,
        OptionalInt valBatch,
        Optional<EarlyStopping> earlyStop,
        boolean freezeNorm,
        Optional<DistillConfig> distill,
        Optional<InitWeightsConfig> init,
        Backend backend,
        OptionalInt threads,
        OptionalInt workers,
        boolean dropLast,
        DistributedConfig distributed) {

    public TrainConfig {
        Checks.check(epochs >= 1, "epochs", epochs, "must be at least 1");
        Checks.check(batch >= 1, "batch", batch, "must be at least 1");
        Checks.check(accumulate >= 1, "accumulate", accumulate, "must be at least 1");
        Checks.nonNegative("spike", spike);
        Checks.check(checkpointSteps >= 0, "checkpoint_steps", checkpointSteps, "must be at least 0");
        threads.ifPresent(n -> Checks.check(n >= 1 && n <= 1024, "threads", n, "must be in [1, 1024]"));
        workers.ifPresent(n -> Checks.check(n >= 1 && n <= 1024, "workers", n, "must be in [1, 1024]"));
        valBatch.ifPresent(n -> Checks.check(n >= 1, "val_batch", n, "must be at least 1"));
        int headEpochs = init.map(InitWeightsConfig::headEpochs).orElse(0);
        Checks.require(
                accumulate % distributed.syncEvery().orElse(accumulate) == 0,
                "distributed.sync_every (%d) must divide accumulate (%d), because gradients are exchanged between two"
                        + " optimizer steps, not across them",
                distributed.syncEvery().orElse(accumulate),
                accumulate);
        Checks.require(headEpochs <= epochs, "init.head_epochs (%d) must be at most epochs (%d)", headEpochs, epochs);
    }

    /**
     * Reads a {@code train:} section.
     *
     * @param multiLabel true if images have several labels
     */
    public static Optional<TrainConfig> read(Section s, boolean multiLabel) {
        int epochs = s.intAt("epochs", 100);
        int batch = s.intAt("batch", 64);
        int accumulate = s.intUnlessOff("accumulate", 1, 1);
        long seed = s.longAt("seed", 0);
        Section optimizerSection = s.section("optimizer");
        Optional<ParamGroupConfig> groups = ParamGroupConfig.read(optimizerSection);
        double scale = lrScale(optimizerSection, (double) batch * accumulate);
        Optional<? extends Optimizer> optimizer = Optimizers.read(optimizerSection, scale);
        double lr = optimizer.map(Optimizer::lr).orElse(1.0);
        Optional<Schedule> schedule = Schedules.read(s.section("schedule"), lr, epochs);
        Optional<LossConfig> loss = LossConfig.read(s.section("loss"), multiLabel);
        Optional<Mixup> mixup = s.optional("mixup", Mixup::read);
        Optional<ClipConfig> clip = ClipConfig.read(s);
        Optional<EmaConfig> ema = s.optional("ema", EmaConfig::read);
        Optional<FreezeSchedule> freeze = FreezeSchedule.read(s);
        double spike = s.doubleUnlessOff("spike", 6);
        int checkpointSteps = s.intUnlessOff("checkpoint_steps", 1000, 0);
        BestMetric best =
                s.optional("best", BestMetric::read).orElse(multiLabel ? BestMetric.MAP : BestMetric.ACCURACY);
        OptionalInt valBatch = s.has("val_batch") ? OptionalInt.of(s.intAt("val_batch")) : OptionalInt.empty();
        Optional<EarlyStopping> earlyStop = s.optional("early_stop", below -> EarlyStopping.read(below, best));
        boolean freezeNorm = s.boolAt("freeze_norm", false);
        Optional<DistillConfig> distill = s.optional("distill", DistillConfig::read);
        Optional<InitWeightsConfig> init = s.optional("init", InitWeightsConfig::read);
        Backend backend = backend(s);
        OptionalInt threads = s.has("threads") ? OptionalInt.of(s.intAt("threads", 1)) : OptionalInt.empty();
        OptionalInt workers = s.has("workers") ? OptionalInt.of(s.intAt("workers", 1)) : OptionalInt.empty();
        boolean dropLast = s.boolAt("drop_last", true);
        Optional<DistributedConfig> distributed = s.has("distributed") && !s.isOff("distributed")
                ? DistributedConfig.read(s.section("distributed"))
                : Optional.of(DistributedConfig.DEFAULT);
        return s.build(() -> new TrainConfig(
                epochs,
                batch,
                accumulate,
                seed,
                optimizer.orElseThrow(),
                groups.orElseThrow(),
                schedule.orElseThrow(),
                loss.orElseThrow(),
                mixup,
                clip,
                ema,
                freeze.orElseThrow(),
                spike,
                checkpointSteps,
                best,
                valBatch,
                earlyStop,
                freezeNorm,
                distill,
                init,
                backend,
                threads,
                workers,
                dropLast,
                distributed.orElseThrow()));
    }

    /**
     * Number of threads that load images: {@code workers}, or the processors that {@code threads} leaves, at least one. If
     * neither is set, all processors but one: kernels use them all, but pause while they wait for data.
     */
    public int loadThreads() {
        int processors = Runtime.getRuntime().availableProcessors();
        return workers.orElseGet(() -> Math.max(1, processors - threads.orElse(1)));
    }

    private static Backend backend(Section s) {
        Backend backend = Backend.named(s.choiceAt("backend", Backend.configNames(), Backend.AUTO.configName()))
                .with(s.enumAt("precision", Precision.class, Precision.FP32));
        try {
            return backend.on(s.stringsAt("device", List.of(Backend.ANY_DEVICE)));
        } catch (ConfigError e) {
            s.reject("device", e.getMessage());
            return backend;
        }
    }

    private enum BatchScaling {
        LINEAR,
        SQRT
    }

    /**
     * Scaling rule: the configured rate is for {@code lr_base_batch} images. Linear (Goyal et al. 2017, arXiv:1706.02677), or
     * by the square root.
     */
    private static double lrScale(Section optimizer, double batch) {
        boolean off = optimizer.isOff("lr_base_batch");
        OptionalDouble base = off ? OptionalDouble.empty() : optimizer.optionalDouble("lr_base_batch");
        if (base.isEmpty()) {
            if (optimizer.has("lr_base_scale") && !off) optimizer.reject("lr_base_scale", "needs lr_base_batch");
            return 1;
        }
        BatchScaling rule = optimizer.enumAt("lr_base_scale", BatchScaling.class, BatchScaling.LINEAR);
        double ratio = batch / base.getAsDouble();
        if (base.getAsDouble() > 0) return rule == BatchScaling.SQRT ? Math.sqrt(ratio) : ratio;
        optimizer.reject("lr_base_batch", "must be positive, got " + base.getAsDouble());
        return 1;
    }

    /** Number of arrays as long as the parameters that training allocates in addition to parameters and gradient. */
    public int arrayCount() {
        return optimizer.arrayCount() + (ema.isPresent() ? 1 : 0) + (accumulate > 1 ? 1 : 0);
    }

    /**
     * Returns true if no epoch is left to train.
     *
     * @param history finished epochs
     */
    public boolean isFinished(List<EpochMetrics> history) {
        return history.size() >= epochs || stopsEarly(history);
    }

    /** Returns true if early stopping ends the run before its last epoch. */
    boolean stopsEarly(List<EpochMetrics> history) {
        return !history.isEmpty()
                && history.size() < epochs
                && earlyStop.map(early -> early.stopsAfter(history)).orElse(false);
    }

    /** Returns true if a checkpoint within the epoch is due after optimizer step {@code step}. */
    boolean savesAfter(int step) {
        return checkpointSteps > 0 && step % checkpointSteps == 0;
    }

    /** Number of initial epochs that train only the head. */
    public int headEpochs() {
        return init.map(InitWeightsConfig::headEpochs).orElse(0);
    }

    /**
     * Applies mixup or cutmix to a batch.
     *
     * @param epoch from 0
     * @param draw number of the batch since the start
     */
    public MixedBatch mix(Batch batch, int epoch, long draw) {
        return mix(batch, BatchShard.all(batch.size()), epoch, draw);
    }

    /** Applies mixup or cutmix, into the array of an earlier batch if it has the length. */
    MixedBatch mix(Batch batch, int epoch, long draw, float[] reused) {
        BatchShard all = BatchShard.all(batch.size());
        return mixup.map(m -> m.apply(batch, all, seed, epoch, draw, reused)).orElseGet(() -> MixedBatch.none(batch));
    }

    /** Applies mixup or cutmix to a shard of a batch. */
    public MixedBatch mix(Batch batch, BatchShard shard, int epoch, long draw) {
        return mixup.map(m -> m.apply(batch, shard, seed, epoch, draw)).orElseGet(() -> MixedBatch.none(batch));
    }

    /** Number of batches between two exchanges of gradients on a cluster. */
    int syncEvery() {
        return distributed.syncEvery().orElse(accumulate);
    }

    /**
     * This recipe with class weights of the loss that fit the data.
     *
     * @param counts number of training images of each class, if known
     * @throws ConfigError if the weights do not fit the classes
     */
    public TrainConfig forClasses(List<String> classes, Optional<long[]> counts) {
        if (!(loss instanceof LossConfig config)) return this;
        return new TrainConfig(
                epochs,
                batch,
                accumulate,
                seed,
                optimizer,
                groups,
                schedule,
                config.forClasses(classes, counts),
                mixup,
                clip,
                ema,
                freeze,
                spike,
                checkpointSteps,
                best,
                valBatch,
                earlyStop,
                freezeNorm,
                distill,
                init,
                backend,
                threads,
                workers,
                dropLast,
                distributed);
    }

    /** Class weights of the loss that do not fit a number of classes; empty if they fit. */
    public Optional<String> classWeightsProblem(int classes) {
        if (!(loss instanceof LossConfig config)) return Optional.empty();
        return config.classWeights().flatMap(weights -> weights.problem(classes));
    }

    /** Returns true if the loss of a batch is not the mean of the losses of its images. */
    public boolean hasWeightedMean() {
        return loss instanceof LossConfig config && config.classWeights().isPresent() && !config.isBinary();
    }

    /** Number of images in a batch of the validation set. */
    public int validationBatch() {
        return valBatch.orElse(batch);
    }
}
