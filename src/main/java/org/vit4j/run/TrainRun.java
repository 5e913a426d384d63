package org.vit4j.run;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import org.vit4j.backend.Backend;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.config.ConfigError;
import org.vit4j.data.ClassCounts;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.io.RunException;
import org.vit4j.machine.CpuThreads;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.BestMetric;
import org.vit4j.train.Callback;
import org.vit4j.train.GradientWorker;
import org.vit4j.train.GradientWorkers;
import org.vit4j.train.MemoryCheck;
import org.vit4j.train.TeacherModel;
import org.vit4j.train.TrainConfig;
import org.vit4j.train.TrainState;

/** Entry point for training: opens data and run directory, trains, writes logs and report. */
public final class TrainRun {
    private TrainRun() {}

    /**
     * Result of a run.
     *
     * @param finished false if the run was stopped before its last epoch
     * @param metric measure that selects the best epoch
     * @param model best model
     */
    public record RunResult(boolean finished, TrainState state, BestMetric metric, Path directory, Path model) {
        /** Best epoch; empty if none is finished. */
        public Optional<BestEpoch> best() {
            return state.best(metric);
        }

        /** Value of the measure at the best epoch; empty if none is finished. */
        public OptionalDouble bestValue() {
            return best().stream()
                    .mapToDouble(best ->
                            metric.value(state.history().get(best.epoch() - 1).best(metric)))
                    .findFirst();
        }

        /** Machine-readable summary; fractions are not rounded. */
        public Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("finished", finished);
            map.put("epochs", state.history().size());
            map.put("steps", state.step());
            map.put("best_epoch", best().map(BestEpoch::epoch).orElse(null));
            map.put("val_top1", best().map(BestEpoch::top1).orElse(null));
            map.put("val_loss", best().map(BestEpoch::loss).orElse(null));
            if (!metric.equals(BestMetric.ACCURACY)) {
                map.put("best_metric", metric.name());
                map.put("best_value", bestValue().isPresent() ? bestValue().getAsDouble() : null);
            }
            map.put("directory", directory.toString());
            map.put("model", model.toString());
            return map;
        }
    }

    /**
     * Trains on the dataset of the config, or continues training.
     *
     * @param directory of the run; an earlier run in it is moved aside unless {@code resume}
     * @param resume continues from the newest valid checkpoint; starts the run if there is none
     * @param stop checked after every step
     * @throws ConfigError for user errors
     * @throws RunException if the disk is full or the loss is NaN or infinite
     */
    public static RunResult run(
            RunConfig config, Path directory, boolean resume, Callback progress, BooleanSupplier stop) {
        return run(config, TrainData.open(config), directory, resume, progress, stop);
    }

    /**
     * Trains on data of the caller. The run records {@code dataset: custom} instead of the dataset keys of the config,
     * unless the data is the dataset of the config.
     */
    public static RunResult run(
            RunConfig config, TrainData data, Path directory, boolean resume, Callback progress, BooleanSupplier stop) {
        RunConfig recorded = data.configured() ? config : config.withCustomData();
        return run(recorded, data, directory, resume, progress, stop, Optional.empty());
    }

    /** Trains with gradients computed by workers; in this process if {@code workers} is empty. */
    public static RunResult run(
            RunConfig config,
            TrainData data,
            Path directory,
            boolean resume,
            Callback progress,
            BooleanSupplier stop,
            Optional<GradientWorkers> workers) {
        check(
                config,
                data.classes().size(),
                workers.map(GradientWorkers::shards).orElse(1),
                config.train().backend());
        return session(config, data, directory, resume, progress, stop, workers, Optional.empty());
    }

    /** Trains after the checks. */
    static RunResult session(
            RunConfig config,
            TrainData data,
            Path directory,
            boolean resume,
            Callback progress,
            BooleanSupplier stop,
            Optional<GradientWorkers> workers,
            Optional<ProcessGroup> group) {
        Optional<String> problem = weightedMeanProblem(config, data, workers.isPresent() || group.isPresent());
        if (problem.isPresent()) throw new ConfigError(problem.get());
        RunSession session = new RunSession(config, data, directory, resume, progress, stop, workers, group);
        try {
            return CpuThreads.with(config.train().threads(), session::run);
        } catch (RuntimeException e) {
            throw DeviceFailures.explained(
                    e, config, group.map(ProcessGroup::size).orElse(1));
        }
    }

    /** Class weights need the labels; the shards of a batch have different total weights. */
    private static Optional<String> weightedMeanProblem(RunConfig config, TrainData data, boolean sharded) {
        config.train().forClasses(data.classes(), data.training().classCounts());
        if (!sharded || !config.train().hasWeightedMean()) return Optional.empty();
        return Optional.of(config.name() + ": train.loss.class_weights: not supported with several workers, whose"
                + " shards of a batch have different total weights; use data.sampling: balanced");
    }

    /** Checks classes, backend and memory before anything is opened or written. */
    static void check(RunConfig config, int classes) {
        check(config, classes, 1, config.train().backend());
    }

    /** Checks one process of several, and returns its backend. */
    static Backend check(RunConfig config, TrainData data, ProcessGroup.Membership membership) {
        Optional<String> problem = weightedMeanProblem(config, data, true);
        if (problem.isPresent()) throw new ConfigError(problem.get());
        Backend backend;
        try {
            backend = config.train().backend().inGroup(membership.device());
        } catch (ConfigError e) {
            throw new ConfigError("train." + e.getMessage());
        }
        check(config, data.classes().size(), membership.size(), backend);
        return backend;
    }

    /**
     * @param shards number of shards that a batch is divided into
     * @param backend of this process
     */
    private static void check(RunConfig config, int classes, int shards, Backend backend) {
        if (backend.devices().size() > 1)
            throw new ConfigError(
                    config.name() + ": train.device names " + backend.devices().size()
                            + " devices, which only the command train starts processes for; name one");
        if (classes < 2) {
            throw new ConfigError(config.name() + ": the data has " + classes + " class; expected at least two class"
                    + " directories or labels");
        }
        if (classes != config.model().classes()) {
            throw new ConfigError(
                    config.name() + ": model.classes is " + config.model().classes() + " but the data has " + classes
                            + " classes; set model.classes=" + classes);
        }
        TrainConfig train = config.train();
        try {
            backend.check();
        } catch (ConfigError e) {
            throw new ConfigError("train." + e.getMessage());
        }
        if (!backend.isOnHost()) return; // a GPU reports when its memory is exhausted
        MemoryCheck.check(RunMemory.estimate(config, train.batch(), shards), config.name(), train.batch());
    }

    /**
     * Makes a worker that computes gradients for the trainer of a config.
     *
     * @param images training images; each worker must have the same images in the same order
     */
    public static GradientWorker worker(RunConfig config, Dataset images) {
        TrainConfig train = config.train().forClasses(images.classes(), Optional.of(ClassCounts.of(images)));
        return new GradientWorker(
                train,
                config.model(),
                TrainData.training(config, images),
                images.classes().size(),
                teacher(config, images.classes()));
    }

    static Optional<TeacherModel> teacher(RunConfig config, List<String> classes) {
        return config.train()
                .distill()
                .map(distill -> TeacherModel.load(
                        distill.teacher(), config.name(), classes, config.data().preprocess()));
    }
}
