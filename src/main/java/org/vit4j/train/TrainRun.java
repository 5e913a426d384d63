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

/** A whole run: data, directory, training, what is left behind. What the command line and a notebook call. */
public final class TrainRun {
    private static final Logger LOG = LoggerFactory.getLogger(TrainRun.class);

    private TrainRun() {}

    /**
     * How a run ended.
     *
     * @param finished false when it was stopped before its last epoch
     */
    public record RunResult(boolean finished, TrainState state, Path directory, Path model) {
        /** For machines: how far the run came and how good it is; fractions are unrounded. */
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
     * Trains, or goes on training.
     *
     * @param directory of the run; an earlier run in it is moved aside unless {@code resume}
     * @param resume goes on from the newest whole checkpoint; starts the run when there is none
     * @param stop asked after every step
     * @throws ConfigError for the user's mistakes, {@link RunException} when the disk is full or the loss is no number
     */
    public static RunResult run(
            RunConfig config, Path directory, boolean resume, Trainer.TrainListener progress, BooleanSupplier stop) {
        return run(config, TrainData.open(config), directory, resume, progress, stop);
    }

    /**
     * Trains on data of the caller's. The run records {@code dataset: custom} in place of what the config says about files,
     * unless the data are those of the config.
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

    /** The same with gradients that others work out, when there are some. */
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
        // A teacher that does not fit is found before an earlier run is moved out of the way.
        Optional<TeacherModel> teacher = config.train()
                .distill()
                .map(distill -> TeacherModel.load(
                        distill.teacher(),
                        config.name(),
                        data.classes(),
                        config.data().preprocess()));
        // So are weights to start from; a run that goes on has its own.
        if (!resume) config.train().init().ifPresent(init -> init.check(config));
        try (RunDirectory run = RunDirectory.open(directory, resume)) {
            List<ResumeChange> changes = resume ? ResumeCheck.check(config, run.path()) : List.of();
            if (teacher.isPresent()) ResumeCheck.checkTeacher(teacher.get().file(), run, resume);
            if (config.train().schedule().warmupEpochs() > config.train().epochs()) {
                LOG.info(
                        "the warm-up is longer than the run and is cut to its {} epochs",
                        config.train().epochs());
            }
            try (Trainer trainer = new Trainer(config, data, teacher, run, progress, workers)) {
                boolean resumed = resume && trainer.resume();
                if (resumed)
                    LOG.info(
                            "resuming at epoch {}, step {}",
                            trainer.state().epoch() + 1,
                            trainer.state().step());
                if (resume && !resumed) run.checkNothingIsLost();
                int every = config.output().logSteps();
                if (resumed && trainer.state().isOver(config.train())) {
                    // A crash after the last checkpoint may have come before what is written next.
                    try (RunLog log = new RunLog(run, config.train(), trainer.state(), every)) {
                        log.report(over(config, trainer.state()));
                    }
                    return result(true, trainer, run);
                }
                if (!resumed) trainer.start(config);
                note(config, run, resume, changes, trainer.state());
                run.write("config.yaml", config.resolved());
                run.write("environment.json", Environment.json());
                try (RunLog log = new RunLog(run, config.train(), trainer.state(), every)) {
                    return result(watched(config, trainer, log, stop), trainer, run);
                }
            }
        } finally {
            teacher.ifPresent(TeacherModel::close);
        }
    }

    /** Writes down what differs from the run so far, before {@code config.yaml} forgets it. */
    private static void note(
            RunConfig config, RunDirectory run, boolean resume, List<ResumeChange> changes, TrainState state) {
        changes.forEach(c -> LOG.info("resuming with {}: {} instead of {}", c.key(), c.after(), c.before()));
        Optional<RunInfo> before = resume ? RunInfo.read(run.path()) : Optional.empty();
        RunInfo info = before.orElse(new RunInfo(config.name(), List.of()));
        info.with(changes, state).write(run.path());
    }

    /** What is known to be wrong before anything is opened or written. */
    static void check(RunConfig config, int classes) {
        check(config, classes, 1);
    }

    /** @param parts that a batch is divided into */
    private static void check(RunConfig config, int classes, int parts) {
        if (classes < 2) {
            throw new ConfigError(config.name() + ": the data has one class, which leaves nothing to learn; expected at"
                    + " least two class directories or labels");
        }
        if (classes != config.model().classes()) {
            throw new ConfigError(
                    config.name() + ": model.classes is " + config.model().classes() + " but the data has " + classes
                            + " classes; set model.classes=" + classes);
        }
        TrainConfig train = config.train();
        train.backend().check();
        int batch = (train.batch() + parts - 1) / parts;
        MemoryEstimate.of(config.model().build(), batch, train.arrays()).check(config.name(), train.batch());
    }

    /** However a run ends, its report is written from what there is. */
    private static boolean watched(RunConfig config, Trainer trainer, RunLog log, BooleanSupplier stop) {
        String status = "failed";
        try {
            boolean finished = trainer.train(log, stop);
            status = finished
                    ? over(config, trainer.state())
                    : "stopped after step " + trainer.state().step() + "; --resume goes on";
            return finished;
        } catch (RuntimeException e) {
            status = "failed: " + e.getMessage();
            throw e;
        } finally {
            log.report(status);
        }
    }

    private static String over(RunConfig config, TrainState state) {
        boolean early = config.train().stopsEarly(state.history().size(), state.bestEpoch());
        return early ? "finished early: no better epoch since " + state.bestEpoch() : "finished";
    }

    private static RunResult result(boolean finished, Trainer trainer, RunDirectory run) {
        return new RunResult(finished, trainer.state(), run.path(), run.model());
    }
}
