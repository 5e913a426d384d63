package org.vit4j.train;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.vit4j.backend.Backend;
import org.vit4j.config.Section;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchShard;
import org.vit4j.data.MixedBatch;
import org.vit4j.data.Mixup;
import org.vit4j.machine.CpuThreads;
import org.vit4j.optim.NamePattern;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroupConfig;
import org.vit4j.optim.Schedule;

/**
 * How a network is trained.
 *
 * @param accumulate batches whose gradients make one optimizer step
 * @param groups weights that are not treated like the rest
 * @param mixup how images are mixed with others
 * @param freeze weights that do not learn
 * @param spike a loss that lies so many deviations above those before it is logged; 0: never
 * @param checkpointSteps steps between checkpoints within an epoch, 0 for none; there is one at every epoch's end besides
 * @param earlyStop ends a run that does not get better; none otherwise
 * @param freezeNorm batch normalizations go by the running statistics they have and leave them; scale and shift learn
 *     on. For fine-tuning, where batches are too small or too few for statistics of their own
 * @param distill a teacher, for a student with two heads
 * @param init weights to start from; drawn ones otherwise
 * @param backend executes the network; {@code auto} takes the fastest one available
 * @param threads of the native kernels; otherwise as many as processors may be used, see {@link CpuThreads}
 * @param dropLast leave out the last images of an epoch where they fill no batch, as timm does: a short batch weighs its
 *     images more. They are others in each epoch
 * @param distributed how the work is shared, when there is a cluster
 */
public record TrainConfig(
        int epochs,
        int batch,
        int accumulate,
        long seed,
        Optimizer optimizer,
        ParamGroupConfig groups,
        Schedule schedule,
        LossConfig loss,
        Optional<Mixup> mixup,
        Optional<ClipConfig> clip,
        Optional<EmaConfig> ema,
        List<NamePattern> freeze,
        double spike,
        int checkpointSteps,
        Optional<EarlyStopConfig> earlyStop,
        boolean freezeNorm,
        Optional<DistillConfig> distill,
        Optional<InitWeightsConfig> init,
        Backend backend,
        OptionalInt threads,
        boolean dropLast,
        DistributedConfig distributed) {

    public TrainConfig {
        check(epochs >= 1, "epochs (%d) must be at least 1", epochs);
        check(batch >= 1, "batch (%d) must be at least 1", batch);
        check(accumulate >= 1, "accumulate (%d) must be at least 1", accumulate);
        check(spike >= 0, "spike (%s) must not be negative", spike);
        check(checkpointSteps >= 0, "checkpoint_steps (%d) must not be negative", checkpointSteps);
        check(
                threads.orElse(1) >= 1 && threads.orElse(1) <= 1024,
                "threads (%d) must be in [1, 1024]",
                threads.orElse(1));
        freeze = List.copyOf(freeze);
        int headEpochs = init.map(InitWeightsConfig::headEpochs).orElse(0);
        check(
                accumulate % distributed.syncEvery().orElse(accumulate) == 0,
                "distributed.sync_every (%d) must divide accumulate (%d): gradients are added up between two optimizer"
                        + " steps, not across them",
                distributed.syncEvery().orElse(accumulate),
                accumulate);
        check(headEpochs <= epochs, "init.head_epochs (%d) must be at most epochs (%d)", headEpochs, epochs);
    }

    static Optional<TrainConfig> read(Section s) {
        int epochs = s.intAt("epochs", 100);
        int batch = s.intAt("batch", 64);
        int accumulate = s.intUnlessOff("accumulate", 1, 1);
        long seed = s.longAt("seed", 0);
        Section learning = s.section("optimizer");
        Optional<ParamGroupConfig> groups = ParamGroupConfig.read(learning);
        double scale = lrScale(learning, (double) batch * accumulate);
        Optional<? extends Optimizer> optimizer = Optimizer.read(learning, scale);
        double lr = optimizer.map(Optimizer::lr).orElse(1.0);
        Optional<Schedule> schedule = Schedule.read(s.section("schedule"), lr, epochs);
        Optional<LossConfig> loss = LossConfig.read(s.section("loss"));
        Optional<Mixup> mixup = s.optional("mixup", Mixup::read);
        Optional<ClipConfig> clip = ClipConfig.read(s);
        Optional<EmaConfig> ema = s.optional("ema", EmaConfig::read);
        List<NamePattern> freeze = s.has("freeze") && !s.isOff("freeze")
                ? s.stringsAt("freeze", List.of()).stream()
                        .map(NamePattern::new)
                        .toList()
                : List.of();
        double spike = s.doubleUnlessOff("spike", 6);
        int checkpointSteps = s.intUnlessOff("checkpoint_steps", 1000, 0);
        Optional<EarlyStopConfig> earlyStop = s.optional("early_stop", EarlyStopConfig::read);
        boolean freezeNorm = s.boolAt("freeze_norm", false);
        Optional<DistillConfig> distill = s.optional("distill", DistillConfig::read);
        Optional<InitWeightsConfig> init = s.optional("init", InitWeightsConfig::read);
        Backend backend = s.enumAt("backend", Backend.class, Backend.AUTO);
        OptionalInt threads = s.has("threads") ? OptionalInt.of(s.intAt("threads", 1)) : OptionalInt.empty();
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
                freeze,
                spike,
                checkpointSteps,
                earlyStop,
                freezeNorm,
                distill,
                init,
                backend,
                threads,
                dropLast,
                distributed.orElseThrow()));
    }

    /** Linear scaling (Goyal et al. 2017, arXiv:1706.02677): the rate that is written belongs to a batch of that size. */
    private static double lrScale(Section optimizer, double batch) {
        if (optimizer.isOff("lr_base_batch")) return 1;
        OptionalDouble base = optimizer.optionalDouble("lr_base_batch");
        if (base.isEmpty()) return 1;
        if (base.getAsDouble() > 0) return batch / base.getAsDouble();
        optimizer.reject("lr_base_batch", "must be above 0, got " + base.getAsDouble());
        return 1;
    }

    /** Arrays as long as the weights that training keeps besides weights and gradient. */
    int arrays() {
        return optimizer.arrays() + (ema.isPresent() ? 1 : 0) + (accumulate > 1 ? 1 : 0);
    }

    /**
     * Whether nothing is left to train.
     *
     * @param done finished epochs
     * @param best the best of them, from 1
     */
    boolean isOver(int done, int best) {
        return done >= epochs || stopsEarly(done, best);
    }

    /** Whether it is over before its last epoch. */
    boolean stopsEarly(int done, int best) {
        return done > 0
                && done < epochs
                && earlyStop.map(early -> early.isDue(done, best)).orElse(false);
    }

    /** Returns true if a checkpoint is due after so many optimizer steps within an epoch. */
    boolean savesAfter(int step) {
        return checkpointSteps > 0 && step % checkpointSteps == 0;
    }

    /** Epochs at the beginning in which the head alone learns. */
    int headEpochs() {
        return init.map(InitWeightsConfig::headEpochs).orElse(0);
    }

    /**
     * A batch as it is learned from.
     *
     * @param epoch from 0
     * @param draw the number of the batch since the start
     */
    public MixedBatch mix(Batch batch, int epoch, long draw) {
        return mix(batch, BatchShard.all(batch.size()), epoch, draw);
    }

    /** The same of part of a batch. */
    MixedBatch mix(Batch batch, BatchShard part, int epoch, long draw) {
        return mixup.map(m -> m.apply(batch, part, seed, epoch, draw)).orElseGet(() -> MixedBatch.none(batch));
    }

    /** Batches between two exchanges of gradients on a cluster. */
    int syncEvery() {
        return distributed.syncEvery().orElse(accumulate);
    }

    /** Whether a weight learns. */
    boolean trains(String weight) {
        return freeze.stream().noneMatch(glob -> glob.matches(weight));
    }

    private static void check(boolean holds, String rule, Object... values) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, values));
    }
}
