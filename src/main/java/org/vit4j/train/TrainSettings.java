package org.vit4j.train;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.vit4j.backend.Backend;
import org.vit4j.data.Mixup;
import org.vit4j.metrics.BestMetric;
import org.vit4j.optim.AdamW;
import org.vit4j.optim.ClipConfig;
import org.vit4j.optim.ConstantRate;
import org.vit4j.optim.EmaConfig;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroupConfig;
import org.vit4j.optim.Schedule;
import org.vit4j.optim.Schedules;

/** Mutable settings of a {@link Trainer}, with the defaults of a {@code train:} section. */
final class TrainSettings {
    int batch = 64;
    int accumulate = 1;
    long seed;
    Optimizer optimizer = new AdamW(1e-3, 0.05);
    Schedule schedule = new ConstantRate(0);
    Loss loss = Loss.crossEntropy(0);
    Optional<Mixup> mixup = Optional.empty();
    Optional<ClipConfig> clip = Optional.empty();
    Optional<EmaConfig> ema = Optional.empty();
    Backend backend = Backend.AUTO;
    boolean dropLast = true;
    private ParamGroupConfig groups = new ParamGroupConfig(OptionalDouble.empty(), List.of());
    private FreezeSchedule freeze = FreezeSchedule.NONE;
    private BestMetric best = BestMetric.ACCURACY;
    OptionalInt valBatch = OptionalInt.empty();
    private double spike = 6;
    private int checkpointSteps;
    private boolean freezeNorm;
    private Optional<DistillConfig> distill = Optional.empty();
    private Optional<InitWeightsConfig> init = Optional.empty();
    private DistributedConfig distributed = DistributedConfig.DEFAULT;
    OptionalInt threads = OptionalInt.empty();
    private OptionalInt workers = OptionalInt.empty();

    /** Takes all settings of a section but epochs and early stopping, which is a callback. */
    void set(TrainConfig config) {
        batch = config.batch();
        accumulate = config.accumulate();
        seed = config.seed();
        optimizer = config.optimizer();
        schedule = config.schedule();
        loss = config.loss();
        mixup = config.mixup();
        clip = config.clip();
        ema = config.ema();
        backend = config.backend();
        dropLast = config.dropLast();
        groups = config.groups();
        freeze = config.freeze();
        spike = config.spike();
        checkpointSteps = config.checkpointSteps();
        best = config.best();
        valBatch = config.valBatch();
        freezeNorm = config.freezeNorm();
        distill = config.distill();
        init = config.init();
        distributed = config.distributed();
        threads = config.threads();
        workers = config.workers();
    }

    TrainConfig build(int epochs) {
        return new TrainConfig(
                epochs,
                batch,
                accumulate,
                seed,
                optimizer,
                groups,
                Schedules.check(schedule, optimizer.lr()),
                loss,
                mixup,
                clip,
                ema,
                freeze,
                spike,
                checkpointSteps,
                best,
                valBatch,
                Optional.empty(),
                freezeNorm,
                distill,
                init,
                backend,
                threads,
                workers,
                dropLast,
                distributed);
    }
}
