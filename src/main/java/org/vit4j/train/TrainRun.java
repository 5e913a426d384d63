package org.vit4j.train;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;
import org.vit4j.machine.CpuThreads;
import org.vit4j.report.Environment;

/** Entry point for training: opens data and run directory, trains, writes logs and report. */
public final class TrainRun {
    private static final Logger LOG = LoggerFactory.getLogger(TrainRun.class);

    private TrainRun() {}

    /**
     * Result of a run.
     *
     * @param finished false if the run was stopped before its last epoch
     * @param model best model
     */
    public record RunResult(boolean finished, TrainState state, Path directory, Path model) {
        /** Machine-readable summary; fractions are not rounded. */
        public Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("finished", finished);
            map.put("epochs", state.history().size());
            map.put("steps", state.step());
            map.put("best_epoch", state.best().map(EpochMetrics::epoch).orElse(null));
            map.put(
                    "val_top1",
                    state.best().map(epoch -> epoch.best().valTop1()).orElse(null));
            map.put(
                    "val_loss",
                    state.best().map(epoch -> epoch.best().valLoss()).orElse(null));
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
            RunConfig config, Path directory, boolean resume, Trainer.TrainListener progress, BooleanSupplier stop) {
        return run(config, TrainData.open(config), directory, resume, progress, stop);
    }

    /**
     * Trains on data of the caller. The run records {@code dataset: custom} instead of the dataset keys of the config,
     * unless the data is the dataset of the config.
     */
    public static RunResult run(
            RunConfig config,
            TrainData data,
            Path directory,
            boolean resume,
            Trainer.TrainListener progress,
            BooleanSupplier stop) {
        RunConfig recorded = data.configured() ? config : config.withCustomData();
        return run(recorded, data, directory, resume, progress, stop, Optional.empty());
    }

    /** Trains with gradients computed by workers; in this process if {@code workers} is empty. */
    public static RunResult run(
            RunConfig config,
            TrainData data,
            Path directory,
            boolean resume,
            Trainer.TrainListener progress,
            BooleanSupplier stop,
            Optional<GradientWorkers> workers) {
        check(
                config,
                data.classes().size(),
                workers.map(GradientWorkers::shards).orElse(1));
        int threads = CpuThreads.current();
        config.train().threads().ifPresent(CpuThreads::use);
        try {
            return runChecked(config, data, directory, resume, progress, stop, workers);
        } finally {
            if (config.train().threads().isPresent()) CpuThreads.use(threads);
        }
    }

    private static RunResult runChecked(
            RunConfig config,
            TrainData data,
            Path directory,
            boolean resume,
            Trainer.TrainListener progress,
            BooleanSupplier stop,
            Optional<GradientWorkers> workers) {
        // Check the teacher before an earlier run is moved aside.
        Optional<TeacherModel> teacher = config.train()
                .distill()
                .map(distill -> TeacherModel.load(
                        distill.teacher(),
                        config.name(),
                        data.classes(),
                        config.data().preprocess()));
        // Check the initial weights too; a resumed run does not need them.
        if (!resume) config.train().init().ifPresent(init -> init.checkFits(config));
        try (RunDirectory run = RunDirectory.open(directory, resume)) {
            List<ResumeChange> changes = resume ? ResumeCheck.check(config, run.path()) : List.of();
            if (teacher.isPresent()) ResumeCheck.checkTeacher(teacher.get().file(), run, resume);
            if (config.train().schedule().warmupEpochs() > config.train().epochs()) {
                LOG.info(
                        "the warm-up is longer than the run; shortened to its {} epochs",
                        config.train().epochs());
            }
            try (Trainer trainer = new Trainer(config, data, teacher, run, progress, workers)) {
                boolean resumed = resume && trainer.resume();
                if (resumed)
                    LOG.info(
                            "resuming at epoch {}, step {}",
                            trainer.state().epoch() + 1,
                            trainer.state().step());
                if (resume && !resumed) run.checkNoFinishedEpochs();
                int logSteps = config.output().logSteps();
                if (resumed && trainer.state().isFinished(config.train())) {
                    // After a crash following the last checkpoint the log and report may be missing.
                    try (RunLog log = new RunLog(run, config.train(), trainer.state(), logSteps)) {
                        log.report(finishedStatus(config, trainer.state()));
                    }
                    return result(true, trainer, run);
                }
                if (!resumed) trainer.start(config);
                recordChanges(config, run, resume, changes, trainer.state());
                run.write("config.yaml", config.resolved());
                run.write("environment.json", Environment.json());
                try (RunLog log = new RunLog(run, config.train(), trainer.state(), logSteps)) {
                    return result(trainWithReport(config, trainer, log, stop), trainer, run);
                }
            }
        } finally {
            teacher.ifPresent(TeacherModel::close);
        }
    }

    /** Records config changes in {@code run.json}, before {@code config.yaml} is overwritten. */
    private static void recordChanges(
            RunConfig config, RunDirectory run, boolean resume, List<ResumeChange> changes, TrainState state) {
        changes.forEach(c -> LOG.info("resuming with {}: {} instead of {}", c.key(), c.after(), c.before()));
        Optional<RunInfo> before = resume ? RunInfo.read(run.path()) : Optional.empty();
        RunInfo info = before.orElse(new RunInfo(config.name(), List.of()));
        info.with(changes, state).write(run.path());
    }

    /** Checks classes, backend and memory before anything is opened or written. */
    static void check(RunConfig config, int classes) {
        check(config, classes, 1);
    }

    /** @param shards number of shards that a batch is divided into */
    private static void check(RunConfig config, int classes, int shards) {
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
        train.backend().check();
        int batch = (train.batch() + shards - 1) / shards;
        MemoryEstimate.of(config.model().build(), batch, train.arrayCount()).check(config.name(), train.batch());
    }

    /** Trains and writes the report, also when training fails. */
    private static boolean trainWithReport(RunConfig config, Trainer trainer, RunLog log, BooleanSupplier stop) {
        String status = "failed";
        try {
            boolean finished = trainer.train(log, stop);
            status = finished
                    ? finishedStatus(config, trainer.state())
                    : "stopped after step " + trainer.state().step() + "; continue with --resume";
            return finished;
        } catch (RuntimeException e) {
            status = "failed: " + e.getMessage();
            throw e;
        } finally {
            log.report(status);
        }
    }

    private static String finishedStatus(RunConfig config, TrainState state) {
        boolean early = config.train().stopsEarly(state.history().size(), state.bestEpoch());
        return early ? "finished early: no improvement since epoch " + state.bestEpoch() : "finished";
    }

    private static RunResult result(boolean finished, Trainer trainer, RunDirectory run) {
        return new RunResult(finished, trainer.state(), run.path(), run.model());
    }
}
